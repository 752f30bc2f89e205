#include "node/replica/apply.h"

#include "base/ensure.h"
#include "protocol/command.h"

/* The entries from INDEX on, or the first few of them, are applied soon. For one alone there is nothing to gain. */
static void expect(const struct raft *raft, const struct store *store, uint64_t index, uint64_t last)
{
    const struct blob *blobs[STORE_EXPECT_MAX];
    size_t count = 0;
    for (; index <= last && count < STORE_EXPECT_MAX; index++)
        blobs[count++] = raft_entry(raft, index)->payload;
    if (count > 1)
        store_expect(store, blobs, count);
}

void apply_begin(struct apply *apply, const struct raft *raft, const struct store *store)
{
    *apply = (struct apply){.copied_bytes = store_copied_bytes(store), .last = raft_commit(raft)};
    expect(raft, store, store_applied(store) + 1, apply->last);
}

const struct raft_entry *apply_next(struct apply *apply, const struct raft *raft, const struct store *store)
{
    uint64_t index = store_applied(store) + 1;
    if (index > apply->last || apply->count == LIMIT_APPLY)
        return NULL;
    uint64_t copied_bytes = store_copied_bytes(store);
    ensure(copied_bytes >= apply->copied_bytes);
    if (copied_bytes - apply->copied_bytes >= LIMIT_APPLY_BYTES)
        return NULL; /* a few bytes copy megabytes: heartbeats must not wait for thousands of such */
    if (apply->count % STORE_EXPECT_MAX == 0)
        expect(raft, store, index + STORE_EXPECT_MAX, apply->last); /* while these are applied, those are fetched */
    apply->count++;
    return raft_entry(raft, index);
}

/* The log's first entry says at which level the cluster formed. */
static bool apply_level(struct store *store, const struct raft_configuration *members)
{
    struct limits limits;
    return limits_decode(members, &limits) && store_form(store, limits.level);
}

/* Gateways are those of members: with the entry that makes PAYLOAD the members those of others go. */
static bool apply_members(struct store *store, uint64_t index, const struct blob *payload)
{
    struct raft_configuration members;
    uint32_t ids[RAFT_MEMBERS_MAX];
    if (!payload || !raft_configuration_decode(payload->bytes, payload->size, &members))
        return false;
    for (uint32_t i = 0; i < members.count; i++)
        ids[i] = members.members[i].id;
    store_members(store, ids, members.count);
    return index > 1 || apply_level(store, &members);
}

struct outcome apply_other(struct store *store, const struct raft_entry *entry)
{
    bool members = entry->type == RAFT_ENTRY_CONFIGURATION;
    if ((!members && entry->type != RAFT_ENTRY_NOOP) ||
        (members && !apply_members(store, entry->index, entry->payload)))
        return (struct outcome){.code = OUTCOME_UNKNOWN};
    (void)store_apply(store, entry->index, entry->time_ms, NULL);
    ensure(store_applied(store) == entry->index);
    return (struct outcome){.code = OUTCOME_NONE};
}

void apply_feed_events(struct feed *feed, struct store *store)
{
    const struct store_event *events;
    size_t count = store_events(store, &events);
    ensure(count == 0 || events[count - 1].revision == store_revision(store));
    feed_add(feed, events, count);
    store_events_clear(store);
}

void apply_stop(struct env *env, const struct raft_entry *entry)
{
    const struct blob *payload = entry->type == RAFT_ENTRY_COMMAND ? entry->payload : NULL;
    unsigned level = payload ? command_level(payload->bytes, payload->size) : 0;
    struct command origin;
    struct buffer reason = {0};
    buffer_append_text(&reason, "a committed entry ");
    if (level > LEVEL_KNOWN && command_origin(payload->bytes, payload->size, &origin)) {
        buffer_append_text(&reason, "(kind ");
        buffer_append_number(&reason, origin.kind);
        buffer_append_text(&reason, ", of level ");
        buffer_append_number(&reason, level);
        buffer_append_text(&reason, ") ");
    }
    buffer_append_text(&reason, "is one that this version cannot read: " NODE_NEWER);
    buffer_append_u8(&reason, 0);
    env_stop(env, LOG_UNKNOWN_ENTRY, (const char *)buffer_start(&reason));
    buffer_close(&reason);
}
