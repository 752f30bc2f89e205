#include "crashpoints/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "raft/raft.h"

/* --- the files as they should be --------------------------------------------------------------------------------- */

struct file {
    bool there;
    uint64_t version;
    struct deed deed; /* that wrote it */
};

struct files {
    struct file files[LEDGER_FILES];
    uint64_t revision;
};

/* Does DEED, and says in ANSWER what a client is told. */
static void files_do(struct files *files, const struct deed *deed, char answer[64])
{
    struct file *file = &files->files[deed->file];
    answer[0] = '\0';
    switch (deed->kind) {
    case DEED_CAS_WRONG:
        snprintf(answer, 64, "ERR_VERSION %" PRIu64 "\r\n", file->there ? file->version : 0);
        return;
    case DEED_WRITE:
    case DEED_CAS:
        *file = (struct file){.there = true, .version = ++files->revision, .deed = *deed};
        snprintf(answer, 64, "OK %" PRIu64 "\r\n", file->version);
        return;
    case DEED_DELETE:
        strcpy(answer, file->there ? "OK\r\n" : "ERR_FILE_NOT_FOUND\r\n");
        break;
    case DEED_EXPIRE:
        break;
    }
    files->revision += file->there;
    file->there = false;
}

static void files_after(const struct ledger *ledger, size_t count, struct files *files)
{
    char answer[64];
    *files = (struct files){0};
    for (size_t i = 0; i < count; i++)
        files_do(files, &ledger->deeds[i], answer);
}

static void contents_make(const struct deed *deed, uint8_t *bytes)
{
    struct random random = {.state = deed->number};
    for (size_t i = 0; i < deed->size; i++)
        bytes[i] = (uint8_t)(random_u64(&random) >> 7);
}

/* --- deeds ------------------------------------------------------------------------------------------------------- */

void ledger_send(struct ledger *ledger, struct deed deed, struct buffer *text)
{
    struct files files;
    ensure(ledger->sent < LEDGER_DEEDS_MAX && deed.file < LEDGER_FILES && deed.size <= LEDGER_CONTENTS_MAX);
    files_after(ledger, ledger->sent, &files);
    const struct file *file = &files.files[deed.file];
    uint64_t version = file->there ? file->version : 0;
    deed.number = ++ledger->number;
    ledger->deeds[ledger->sent++] = deed;
    char line[128] = "";
    switch (deed.kind) {
    case DEED_EXPIRE:
        return;
    case DEED_DELETE:
        snprintf(line, sizeof line, "delete file-%zu\r\n", deed.file);
        buffer_append_text(text, line);
        return;
    case DEED_WRITE:
        snprintf(line, sizeof line, "write file-%zu %zu %" PRIu64 "\r\n", deed.file, deed.size, deed.exptime_s);
        break;
    case DEED_CAS:
    case DEED_CAS_WRONG:
        version += deed.kind == DEED_CAS ? 0 : 1000000;
        snprintf(line, sizeof line, "cas file-%zu %" PRIu64 " %zu %" PRIu64 "\r\n", deed.file, version, deed.size,
                 deed.exptime_s);
        break;
    }
    buffer_append_text(text, line);
    uint8_t contents[LEDGER_CONTENTS_MAX];
    contents_make(&deed, contents);
    buffer_append(text, contents, deed.size);
    buffer_append_text(text, "\r\n");
}

enum result ledger_hear(struct ledger *ledger, struct world *world, struct buffer *replies)
{
    struct files files;
    files_after(ledger, ledger->answered, &files);
    while (buffer_size(replies) > 0) {
        const char *line = (const char *)buffer_start(replies);
        const char *end = memchr(line, '\n', buffer_size(replies));
        if (!end)
            return DONE;
        size_t size = (size_t)(end + 1 - line);
        char answer[64];
        if (ledger->answered == ledger->sent || ledger->deeds[ledger->answered].kind == DEED_EXPIRE)
            return world_wrong(world, "an answer that belongs to no command: %.*s", (int)size, line);
        files_do(&files, &ledger->deeds[ledger->answered], answer);
        if (size != strlen(answer) || memcmp(line, answer, size) != 0)
            return world_wrong(world, "deed %zu was answered %.*s, not %s", ledger->answered, (int)size, line, answer);
        ledger->answered++;
        buffer_consume(replies, size);
    }
    return DONE;
}

/* --- a node's state ---------------------------------------------------------------------------------------------- */

void ledger_observe(struct ledger *ledger, const struct node *node)
{
    const struct raft *raft = node_raft(node);
    if (raft_role(raft) == RAFT_LEADER)
        ledger->term = raft_term(raft);
    uint64_t applied = store_applied(node_store(node));
    /* Entry 1 is the cluster's configuration, which the identity file keeps: a start makes it anew where it is gone. */
    if (applied <= ledger->applied || applied == 1)
        return;
    ensure(applied < LEDGER_INDEX_MAX);
    ledger->applied = applied;
    ledger->hashes[applied] = store_hash(node_store(node));
    ledger->time_ms = store_time_ms(node_store(node));
}

static enum result check_hash(const struct ledger *ledger, struct world *world, const struct store *store)
{
    uint64_t index = store_applied(store);
    uint64_t expected = index < LEDGER_INDEX_MAX ? ledger->hashes[index] : 0;
    if (expected != 0 && store_hash(store) != expected)
        return world_wrong(world, "the state after entry %" PRIu64 " is not what it was", index);
    return DONE;
}

enum result ledger_check_recovered(const struct ledger *ledger, struct world *world,
                                   const struct disk_recovered *recovered, struct store *store)
{
    if (recovered->term < ledger->term || (recovered->term == ledger->term && recovered->vote == 0 && ledger->term > 0))
        return world_wrong(world, "term %" PRIu64 ", vote %u; it led in term %" PRIu64, recovered->term,
                           recovered->vote, ledger->term);
    if (ledger->incarnation != 0 && (recovered->identity.incarnation != ledger->incarnation ||
                                     recovered->identity.configuration.count != 1))
        return world_wrong(world, "it is another node than it was");
    if (check_hash(ledger, world, store) != DONE)
        return WRONG;
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        const struct raft_entry *entry = &recovered->entries[i];
        if (entry->index != store_applied(store) + 1)
            return world_wrong(world, "entry %" PRIu64 " after %" PRIu64, entry->index, store_applied(store));
        struct blob *command = entry->type == RAFT_ENTRY_COMMAND ? entry->payload : NULL;
        (void)store_apply(store, entry->index, entry->time_ms, command);
        if (check_hash(ledger, world, store) != DONE)
            return WRONG;
    }
    if (store_applied(store) < ledger->applied)
        return world_wrong(world, "the log ends at %" PRIu64 ", but %" PRIu64 " was applied", store_applied(store),
                           ledger->applied);
    if (store_time_ms(store) < ledger->time_ms)
        return world_wrong(world, "cluster time went back from %" PRIu64 " to %" PRIu64, ledger->time_ms,
                           store_time_ms(store));
    return DONE;
}

/* --- what clients see --------------------------------------------------------------------------------------------- */

void ledger_ask(struct buffer *text)
{
    for (size_t i = 0; i < LEDGER_FILES; i++) {
        char line[32];
        snprintf(line, sizeof line, "read file-%zu\r\n", i);
        buffer_append_text(text, line);
    }
}

/* The size of the answer to a read at the start of TEXT; 0: there is more to come. */
static size_t answer_size(const char *text, size_t size, uint64_t *version, size_t *value_size, uint64_t *exptime_s)
{
    const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t line = (size_t)(end + 1 - text);
    char copy[128] = "";
    memcpy(copy, text, line < sizeof copy ? line : sizeof copy - 1);
    if (sscanf(copy, "CONTENTS %" SCNu64 " %zu %" SCNu64, version, value_size, exptime_s) != 3) {
        *version = *value_size = *exptime_s = 0;
        return line;
    }
    return line + *value_size + 2 <= size ? line + *value_size + 2 : 0;
}

bool ledger_answers(struct buffer *replies)
{
    const char *text = (const char *)buffer_start(replies);
    size_t left = buffer_size(replies);
    for (size_t i = 0; i < LEDGER_FILES; i++) {
        uint64_t version, exptime_s;
        size_t value_size;
        size_t size = answer_size(text, left, &version, &value_size, &exptime_s);
        if (size == 0)
            return false;
        text += size;
        left -= size;
    }
    return true;
}

/* Whether TEXT, an answer to a read, is what FILE should give. */
static bool file_fits(const struct file *file, const char *text, size_t size, uint64_t version, size_t value_size,
                      uint64_t exptime_s)
{
    if (!file->there)
        return version == 0 && size == strlen("ERR_FILE_NOT_FOUND\r\n") && memcmp(text, "ERR_FILE", 8) == 0;
    uint8_t contents[LEDGER_CONTENTS_MAX];
    contents_make(&file->deed, contents);
    return version == file->version && value_size == file->deed.size && exptime_s <= file->deed.exptime_s &&
           (exptime_s > 0) == (file->deed.exptime_s > 0) &&
           (value_size == 0 || memcmp(text + size - value_size - 2, contents, value_size) == 0);
}

/* Whether the answers in TEXT are those of FILES. */
static bool files_fit(const struct files *files, const char *text, size_t left)
{
    for (size_t i = 0; i < LEDGER_FILES; i++) {
        uint64_t version, exptime_s;
        size_t value_size;
        size_t size = answer_size(text, left, &version, &value_size, &exptime_s);
        ensure(size > 0);
        if (!file_fits(&files->files[i], text, size, version, value_size, exptime_s))
            return false;
        text += size;
        left -= size;
    }
    return left == 0;
}

enum result ledger_check_answers(struct ledger *ledger, struct world *world, struct buffer *replies, uint64_t revision)
{
    const char *text = (const char *)buffer_start(replies);
    size_t size = buffer_size(replies);
    for (size_t count = ledger->answered; count <= ledger->sent; count++) {
        struct files files;
        files_after(ledger, count, &files);
        if (files.revision != revision || !files_fit(&files, text, size))
            continue;
        bool expires = count < ledger->sent && ledger->deeds[count].kind == DEED_EXPIRE;
        ledger->answered = count;
        ledger->sent = expires ? count + 1 : count;
        world_tell(world, "%zu deeds took effect", count);
        buffer_clear(replies, SIZE_MAX);
        return DONE;
    }
    char seen[400] = "";
    for (size_t i = 0; i < LEDGER_FILES; i++) {
        uint64_t version, exptime_s;
        size_t value_size;
        size_t one = answer_size(text, size, &version, &value_size, &exptime_s);
        size_t at = strlen(seen);
        snprintf(seen + at, sizeof seen - at, " %zu:%" PRIu64, i, version);
        text += one;
        size -= one;
    }
    return world_wrong(world, "no state after %zu to %zu deeds has revision %" PRIu64 " and the files' versions%s",
                       ledger->answered, ledger->sent, revision, seen);
}
