/* The bytes of a message. All numbers are little-endian.
 *
 *      offset size
 *           0    1  type: 1 PREVOTE, 2 PREVOTE_REPLY, 3 VOTE, 4 VOTE_REPLY, 5 APPEND, 6 APPEND_REPLY, 7 READ,
 *                   8 READ_REPLY, 9 TIMEOUT_NOW
 *           1    1  ok: 0 or 1
 *           2    4  from, a node's id, not 0
 *           6    4  to, likewise
 *          10    8  term, not 0
 *          18       by type:
 *
 *      PREVOTE, VOTE                              u64 index, u64 log term: the candidate's last entry
 *      PREVOTE_REPLY, VOTE_REPLY, TIMEOUT_NOW     nothing
 *      APPEND        u64 index, u64 log term (of the entry before the first), u64 commit, u64 round, u64 time in ms,
 *                    u32 count of entries (at most 4096), then runs of entries of one term until they are that many:
 *
 *                        run     u64 term, u32 count (from 1), then so many entries:
 *                        entry   u64 time in ms, u8 type (not 0), u32 size, payload
 *
 *                    Entries have the indexes that follow `index`. Each run's term is higher than that of the run
 *                    before, no lower than `log term`, no higher than `term`; times do not fall.
 *      APPEND_REPLY  u64 index, u64 log term, u64 round, u64 match
 *      READ          u64 round
 *      READ_REPLY    u64 round, u64 match
 *
 * In PREVOTE, VOTE and APPEND `index` and `log term` are both 0 or both not, and `log term` is no higher than `term`.
 * Nothing follows the last field. */
#include "raft/message.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"

enum {
    HEADER_SIZE = 18,
    APPEND_SIZE = 44, /* of an APPEND's fixed part after the header */
    RUN_SIZE = 12,
    ENTRY_SIZE = RAFT_ENTRY_OVERHEAD,
    PAYLOAD_COPY_MAX = 1024,
};
_Static_assert(RAFT_MESSAGE_HEAD_MAX == HEADER_SIZE + APPEND_SIZE, "the longest is an APPEND's");

static size_t payload_size(const struct raft_entry *entry)
{
    return entry->payload ? entry->payload->size : 0;
}

/* How many entries from the first one on are of its term. */
static uint32_t run_count(const struct raft_entry *entries, uint32_t count)
{
    uint32_t run = 1;
    while (run < count && entries[run].term == entries[0].term)
        run++;
    return run;
}

static size_t body_size(enum raft_message_type type)
{
    switch (type) {
    case RAFT_PREVOTE:
    case RAFT_VOTE:
    case RAFT_READ_REPLY:
        return 16;
    case RAFT_APPEND:
        return APPEND_SIZE;
    case RAFT_APPEND_REPLY:
        return 32;
    case RAFT_READ:
        return 8;
    case RAFT_PREVOTE_REPLY:
    case RAFT_VOTE_REPLY:
    case RAFT_TIMEOUT_NOW:
    case RAFT_MESSAGE_TYPE_END:
        break;
    }
    return 0;
}

size_t raft_message_size(const struct raft_message *message)
{
    size_t size = HEADER_SIZE + body_size(message->type);
    uint32_t run = 0;
    for (uint32_t i = 0; message->type == RAFT_APPEND && i < message->entry_count; i++, run--) {
        if (run == 0) {
            run = run_count(message->entries + i, message->entry_count - i);
            size += RUN_SIZE;
        }
        size += ENTRY_SIZE + payload_size(&message->entries[i]);
    }
    return size;
}

/* Whether a payload is copied behind its entry's fields: one more piece in a chain costs more than copying so much. */
static bool is_copied(const struct raft_entry *entry)
{
    return payload_size(entry) <= PAYLOAD_COPY_MAX;
}

/* Bytes of runs, fields and copied payloads of the entries: all but the payloads that go by reference. */
static size_t copied_size(const struct raft_message *message)
{
    size_t size = 0;
    uint32_t run = 0;
    for (uint32_t i = 0; i < message->entry_count; i++, run--) {
        if (run == 0) {
            run = run_count(message->entries + i, message->entry_count - i);
            size += RUN_SIZE;
        }
        size += ENTRY_SIZE + (is_copied(&message->entries[i]) ? payload_size(&message->entries[i]) : 0);
    }
    return size;
}

/* One entry's fields and, if it is small, its payload, to AT. Returns where they end. */
static uint8_t *put_entry(const struct raft_entry *entry, uint8_t *at)
{
    bytes_put_u64(at, entry->time_ms);
    at[8] = entry->type;
    bytes_put_u32(at + 9, (uint32_t)payload_size(entry));
    at += ENTRY_SIZE;
    if (!entry->payload || !is_copied(entry))
        return at;
    memcpy(at, entry->payload->bytes, entry->payload->size);
    return at + entry->payload->size;
}

void raft_message_encode_entries(const struct raft_message *message, struct chain *out)
{
    ensure(message->type == RAFT_APPEND && message->entry_count > 0 && out->size == 0);
    struct blob *copied = blob_new(copied_size(message));
    if (!copied)
        memory_out(copied_size(message), __func__);
    uint8_t *at = copied->bytes;
    size_t out_to = 0; /* so much of `copied` is in OUT */
    uint32_t run = 0;
    for (uint32_t i = 0; i < message->entry_count; i++, run--) {
        const struct raft_entry *entry = &message->entries[i];
        if (run == 0) {
            run = run_count(entry, message->entry_count - i);
            bytes_put_u64(at, entry->term);
            bytes_put_u32(at + 8, run);
            at += RUN_SIZE;
        }
        at = put_entry(entry, at);
        if (is_copied(entry))
            continue;
        size_t end = (size_t)(at - copied->bytes);
        chain_append_reference(out, copied, out_to, end - out_to);
        chain_append_reference(out, entry->payload, 0, entry->payload->size);
        out_to = end;
    }
    ensure(at == copied->bytes + copied->size);
    if (out_to < copied->size)
        chain_append_reference(out, copied, out_to, copied->size - out_to);
    blob_release(copied);
}

size_t raft_message_encode_head(const struct raft_message *message, uint8_t head[RAFT_MESSAGE_HEAD_MAX])
{
    ensure(message->type > 0 && message->type < RAFT_MESSAGE_TYPE_END);
    ensure(message->from > 0 && message->to > 0 && message->term > 0);
    uint8_t *at = head;
    at[0] = (uint8_t)message->type;
    at[1] = message->ok ? 1 : 0;
    bytes_put_u32(at + 2, message->from);
    bytes_put_u32(at + 6, message->to);
    bytes_put_u64(at + 10, message->term);
    at += HEADER_SIZE;
    switch (message->type) {
    case RAFT_PREVOTE:
    case RAFT_VOTE:
        bytes_put_u64(at, message->index);
        bytes_put_u64(at + 8, message->log_term);
        break;
    case RAFT_APPEND:
        ensure(message->entry_count <= RAFT_MESSAGE_ENTRIES_MAX);
        bytes_put_u64(at, message->index);
        bytes_put_u64(at + 8, message->log_term);
        bytes_put_u64(at + 16, message->commit);
        bytes_put_u64(at + 24, message->round);
        bytes_put_u64(at + 32, message->time_ms);
        bytes_put_u32(at + 40, message->entry_count);
        break;
    case RAFT_APPEND_REPLY:
        bytes_put_u64(at, message->index);
        bytes_put_u64(at + 8, message->log_term);
        bytes_put_u64(at + 16, message->round);
        bytes_put_u64(at + 24, message->match);
        break;
    case RAFT_READ:
        bytes_put_u64(at, message->round);
        break;
    case RAFT_READ_REPLY:
        bytes_put_u64(at, message->round);
        bytes_put_u64(at + 8, message->match);
        break;
    case RAFT_PREVOTE_REPLY:
    case RAFT_VOTE_REPLY:
    case RAFT_TIMEOUT_NOW:
    case RAFT_MESSAGE_TYPE_END:
        break;
    }
    return HEADER_SIZE + body_size(message->type);
}

void raft_message_encode(const struct raft_message *message, struct chain *out)
{
    uint8_t head[RAFT_MESSAGE_HEAD_MAX];
    chain_append(out, head, raft_message_encode_head(message, head));
    if (message->type != RAFT_APPEND || message->entry_count == 0)
        return;
    struct chain entries = {0};
    raft_message_encode_entries(message, &entries);
    chain_append_chain(out, &entries);
    chain_close(&entries);
}

/* One entry into ENTRY, whose index and term are set. */
static bool decode_entry(struct reader *reader, uint64_t time_before_ms, struct raft_entry *entry)
{
    entry->time_ms = reader_u64(reader);
    entry->type = reader_u8(reader);
    uint32_t size = reader_u32(reader);
    const uint8_t *bytes = reader_bytes(reader, size); /* the bounds come before the allocation */
    if (!bytes || entry->type == 0 || entry->time_ms < time_before_ms)
        return false;
    if (size == 0)
        return true;
    entry->payload = blob_new(size);
    if (!entry->payload)
        return false;
    memcpy(entry->payload->bytes, bytes, size);
    return true;
}

/* Runs of entries until MESSAGE has COUNT. On failure message->entry_count of them must be released. */
static bool decode_entries(struct reader *reader, uint32_t count, struct raft_message *message,
                           struct raft_entry *entries)
{
    uint64_t term = message->log_term;
    uint64_t time_ms = 0;
    while (message->entry_count < count) {
        uint64_t run_term = reader_u64(reader);
        uint32_t run = reader_u32(reader);
        bool rises = message->entry_count == 0 ? run_term >= term : run_term > term;
        if (reader->bad || run_term == 0 || !rises || run_term > message->term)
            return false;
        if (run == 0 || run > count - message->entry_count)
            return false;
        term = run_term;
        for (; run > 0; run--) {
            struct raft_entry *entry = &entries[message->entry_count];
            *entry = (struct raft_entry){.index = message->index + message->entry_count + 1, .term = term};
            if (!decode_entry(reader, time_ms, entry))
                return false;
            time_ms = entry->time_ms;
            message->entry_count++;
        }
    }
    return true;
}

/* Last entries and previous entries: both numbers are 0 or none is, and a log's term is no later than its owner's. */
static bool decode_place(struct reader *reader, struct raft_message *message)
{
    message->index = reader_u64(reader);
    message->log_term = reader_u64(reader);
    return (message->index == 0) == (message->log_term == 0) && message->log_term <= message->term;
}

static bool decode_append(struct reader *reader, struct raft_message *message, struct raft_entry *entries)
{
    if (!decode_place(reader, message))
        return false;
    message->commit = reader_u64(reader);
    message->round = reader_u64(reader);
    message->time_ms = reader_u64(reader);
    uint32_t count = reader_u32(reader);
    if (reader->bad || count > RAFT_MESSAGE_ENTRIES_MAX || message->index > UINT64_MAX - count)
        return false;
    message->entries = entries;
    return decode_entries(reader, count, message, entries);
}

static bool decode_body(struct reader *reader, struct raft_message *message, struct raft_entry *entries)
{
    switch (message->type) {
    case RAFT_PREVOTE:
    case RAFT_VOTE:
        return decode_place(reader, message);
    case RAFT_APPEND:
        return decode_append(reader, message, entries);
    case RAFT_APPEND_REPLY:
        message->index = reader_u64(reader);
        message->log_term = reader_u64(reader);
        message->round = reader_u64(reader);
        message->match = reader_u64(reader);
        return true;
    case RAFT_READ:
        message->round = reader_u64(reader);
        return true;
    case RAFT_READ_REPLY:
        message->round = reader_u64(reader);
        message->match = reader_u64(reader);
        return true;
    case RAFT_PREVOTE_REPLY:
    case RAFT_VOTE_REPLY:
    case RAFT_TIMEOUT_NOW:
        return true;
    case RAFT_MESSAGE_TYPE_END:
        break;
    }
    return false;
}

bool raft_message_decode(const uint8_t *bytes, size_t size, struct raft_message *message, struct raft_entry *entries)
{
    *message = (struct raft_message){0};
    struct reader reader = reader_of(bytes, size);
    uint8_t type = reader_u8(&reader);
    uint8_t ok = reader_u8(&reader);
    message->from = reader_u32(&reader);
    message->to = reader_u32(&reader);
    message->term = reader_u64(&reader);
    if (reader.bad || type == 0 || type >= RAFT_MESSAGE_TYPE_END || ok > 1)
        return false;
    if (message->from == 0 || message->to == 0 || message->term == 0 || message->term > RAFT_TERM_MAX)
        return false;
    message->type = (enum raft_message_type)type;
    message->ok = ok == 1;
    if (decode_body(&reader, message, entries) && !reader.bad && reader_left(&reader) == 0)
        return true;
    raft_message_release(message);
    return false;
}

void raft_message_release(struct raft_message *message)
{
    for (uint32_t i = 0; i < message->entry_count; i++)
        blob_release(message->entries[i].payload);
    message->entry_count = 0;
    message->entries = NULL;
}
