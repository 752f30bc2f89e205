#include "node/leader/leader.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "node/event.h"

_Static_assert(COMMAND_OVERHEAD_MAX + COMMAND_NAME_MAX <= PAYLOAD_ALLOWANCE, "two names and no value are an entry");
_Static_assert(TXN_ALLOWANCE + COMMAND_OVERHEAD_MAX <= PAYLOAD_ALLOWANCE, "the largest transaction is an entry");

void leader_init(struct leader *leader)
{
    *leader = (struct leader){.cluster_writable = true};
}

void leader_close(struct leader *leader)
{
    admission_close(&leader->admission);
}

bool leader_is_open(const struct leader *leader)
{
    return leader->admission.term != 0;
}

/* Cluster time for a new entry: what this node counts, but never before what is applied. */
static uint64_t stamp_ms(const struct env *env, const struct store *store)
{
    uint64_t now_ms = clock_now_ms(&env->clock, env->now_ms);
    uint64_t applied_ms = store_time_ms(store);
    return now_ms > applied_ms ? now_ms : applied_ms;
}

/* Proposes what this leader makes of itself. False: raft takes no proposals now (a transfer). */
static bool propose_own(const struct env *env, struct raft *raft, const struct store *store,
                        const struct command *own, uint64_t *index)
{
    struct blob *command = command_encode(own);
    if (!command)
        memory_out(PAYLOAD_ALLOWANCE, __func__); /* at the most */
    ensure(command->size == LEADER_ENTRY_BYTES); /* that much had room */
    bool taken = raft_propose(raft, RAFT_ENTRY_COMMAND, stamp_ms(env, store), command, index);
    ensure(!taken || (*index == raft_last_index(raft) && *index > raft_commit(raft)));
    blob_release(command);
    return taken;
}

/* --- gateways --------------------------------------------------------------------------------------------------- */

struct admission_gateway *leader_door(struct leader *leader, const struct store *store, uint32_t gateway)
{
    return leader_is_open(leader) ? admission_gateway(&leader->admission, gateway, store) : NULL;
}

bool leader_lets_in(struct leader *leader, const struct store *store, uint32_t gateway, uint64_t nonce)
{
    const struct admission_gateway *door = nonce != 0 ? leader_door(leader, store, gateway) : NULL;
    struct store_gateway state;
    if (!door || door->opening == nonce)
        return false;
    return !store_gateway(store, gateway, &state) || state.nonce != nonce; /* else it will apply its entry in time */
}

void leader_open(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                 uint32_t gateway, uint64_t nonce)
{
    const struct command open = {.kind = COMMAND_OPEN, .gateway = gateway, .epoch = nonce};
    struct admission_gateway *door = leader_door(leader, store, gateway);
    uint64_t index;
    ensure(door && door->id == gateway && door->opening != nonce);
    if (propose_own(env, raft, store, &open, &index))
        admission_opening(door, nonce, index);
}

void leader_members(struct leader *leader, const struct raft_configuration *members)
{
    if (leader_is_open(leader))
        admission_retain(&leader->admission, members);
}

void leader_opened(struct leader *leader, const struct store *store, uint32_t gateway)
{
    struct admission_gateway *door = leader_door(leader, store, gateway);
    if (door)
        door->asked = true;
}

/* One forwarded command: a blob of its own, if it is the one wanted. False: it is no command of this gateway's. */
static bool take_forwarded(struct admission_gateway *door, uint32_t from, const uint8_t *bytes, size_t size,
                           uint64_t value_max)
{
    struct command command;
    ensure(door->id == from);
    if (!bytes || !command_decode(bytes, size, &command) || command.gateway != from)
        return false;
    if (command.value_size > value_max + (command.kind == COMMAND_TXN ? TXN_ALLOWANCE : 0))
        return false;
    if (!command_numbered(command.kind))
        return false;
    if (!admission_wants(door, command.epoch, command.number))
        return true;
    struct blob *blob = blob_new(size);
    if (!blob) {
        door->asked = true; /* no memory now: it will be sent again from here */
        return true;
    }
    memcpy(blob->bytes, bytes, size);
    admission_take(door, blob);
    return true;
}

void leader_forward(struct leader *leader, const struct env *env, const struct store *store, uint32_t from,
                    struct reader *reader)
{
    uint64_t term = reader_u64(reader);
    if (reader->bad || !leader_is_open(leader) || term != leader->admission.term)
        return;
    struct admission_gateway *door = leader_door(leader, store, from);
    if (!door)
        return;
    if (reader_left(reader) == 0)
        door->asked = true;
    while (reader_left(reader) > 0) {
        uint32_t size = reader_u32(reader);
        const uint8_t *bytes = reader_bytes(reader, size);
        if (!take_forwarded(door, from, bytes, size, env->limits.value_max_bytes))
            return;
    }
}

struct admission_gateway *leader_owes(struct leader *leader, struct admission_gateway *after)
{
    struct admission_gateway *door = after ? after + 1 : leader->admission.gateways;
    struct admission_gateway *end = leader->admission.gateways + leader->admission.used;
    ensure(door <= end);
    while (door < end && !door->asked)
        door++;
    return leader_is_open(leader) && door < end ? door : NULL;
}

void leader_credit(const struct leader *leader, struct admission_gateway *door, struct chain *body)
{
    ensure(leader_is_open(leader) && door->asked);
    ensure(door->epoch != 0 || door->received == 0);
    ensure(body->size == 0);
    door->asked = false;
    bytes_put_u64(chain_reserve(body, 8), leader->admission.term);
    bytes_put_u64(chain_reserve(body, 8), door->epoch);
    bytes_put_u64(chain_reserve(body, 8), door->received);
    *chain_reserve(body, 1) = leader->cluster_writable;
}

/* --- room ------------------------------------------------------------------------------------------------------- */

/* This leader has no room: OTHER takes over. If it does not, not at once again. */
static void hand_over(struct leader *leader, struct env *env, struct raft *raft, uint32_t other)
{
    if (other == 0 || env->now_ms < leader->handover_retry_ms)
        return;
    ensure(other != env->options.id);
    if (raft_transferring(raft) || !raft_transfer(raft, other))
        return;
    leader->handover_retry_ms = env->now_ms + 2 * env->options.election_max_ms;
    event_begin(env, LOG_TRANSFER);
    event_number(env, "to", other);
    event_text(env, "reason", "disk_full");
    event_end(env);
}

static void set_writable(struct leader *leader, struct env *env, bool writable, uint32_t with_room)
{
    if (writable == leader->cluster_writable)
        return;
    ensure(leader_is_open(leader));
    event_begin(env, writable ? LOG_CLUSTER_WRITABLE : LOG_CLUSTER_FULL);
    event_number(env, "voters_with_room", with_room);
    event_end(env);
    leader->cluster_writable = writable;
    for (size_t i = 0; i < STORE_GATEWAYS_MAX; i++)
        leader->admission.gateways[i].asked = leader->admission.gateways[i].id != 0;
}

void leader_judge_room(struct leader *leader, struct env *env, struct raft *raft, const struct leader_voter *voters,
                       uint32_t count, bool own_full)
{
    uint32_t with_room = 0, other = 0;
    uint64_t other_match = 0;
    ensure(leader_is_open(leader) && count <= RAFT_MEMBERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct leader_voter *voter = &voters[i];
        struct raft_peer_view view;
        bool known = voter->id != env->options.id && raft_peer(raft, voter->id, &view);
        /* One that cannot be reached is not full: it must not turn a lost node into a full disk. */
        bool room = voter->has_room && (!known || view.voter);
        with_room += room;
        if (!room || !known || !voter->linked || view.state != RAFT_PEER_REPLICATE || view.match < other_match)
            continue;
        other = voter->id; /* the one whose log is furthest */
        other_match = view.match;
    }
    set_writable(leader, env, with_room >= raft_configuration_quorum(raft_members(raft)), with_room);
    if (own_full)
        hand_over(leader, env, raft, other);
}

/* --- the log ---------------------------------------------------------------------------------------------------- */

struct blob *leader_next(struct leader *leader, const struct raft *raft)
{
    struct blob *command = admission_peek(&leader->admission);
    return command && raft_unwritten_bytes(raft) < LIMIT_UNWRITTEN_BYTES ? command : NULL;
}

bool leader_propose(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                    struct blob *next)
{
    uint64_t index;
    if (!raft_propose(raft, RAFT_ENTRY_COMMAND, stamp_ms(env, store), next, &index))
        return false;
    ensure(index > raft_commit(raft)); /* it has no majority yet, not even where this node is all there is */
    struct blob *popped = admission_pop(&leader->admission);
    ensure(popped == next); /* nothing came between leader_next and this */
    ensure(popped->references > 1); /* the log holds it now */
    blob_release(popped);
    return true;
}

/* When an entry must carry the time to the stores, in cluster time; 0: there is no file that expires. When one falls
 * due; and now and then before, since a cluster that stops as a whole goes on from the last time in its log. */
static uint64_t tick_due_ms(const struct store *store)
{
    uint64_t due_ms = store_due_ms(store);
    uint64_t latest_ms = store_time_ms(store) + LEADER_TICK_MS;
    return due_ms > latest_ms ? latest_ms : due_ms;
}

static bool propose_time(const struct env *env, struct raft *raft, const struct store *store, bool has_room)
{
    const struct command tick = {.kind = COMMAND_TICK};
    uint64_t index;
    return has_room && propose_own(env, raft, store, &tick, &index);
}

/* Only when nothing is being written: any entry carries the time. */
bool leader_tick_due(const struct leader *leader, const struct env *env, const struct raft *raft,
                     const struct store *store)
{
    uint64_t due_ms = tick_due_ms(store);
    return leader_is_open(leader) && due_ms != 0 && due_ms <= stamp_ms(env, store) &&
           raft_last_index(raft) == store_applied(store) && env->now_ms >= leader->tick_retry_ms;
}

void leader_tick(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                 bool has_room)
{
    ensure(leader_tick_due(leader, env, raft, store));
    if (!propose_time(env, raft, store, has_room))
        leader->tick_retry_ms = env->now_ms + NODE_RETRY_MS;
}

uint64_t leader_deadline_ms(const struct leader *leader, const struct env *env, const struct raft *raft,
                            const struct store *store)
{
    uint64_t due_ms = tick_due_ms(store);
    if (!leader_is_open(leader) || due_ms == 0)
        return UINT64_MAX;
    if (raft_last_index(raft) != store_applied(store))
        return UINT64_MAX; /* asked again when that is applied */
    uint64_t cluster_ms = stamp_ms(env, store);
    uint64_t wanted_ms = due_ms <= cluster_ms ? env->now_ms : env->now_ms + (due_ms - cluster_ms);
    return wanted_ms > leader->tick_retry_ms ? wanted_ms : leader->tick_retry_ms;
}

/* --- coming and going ------------------------------------------------------------------------------------------- */

void leader_shutdown(struct leader *leader, const struct env *env, struct raft *raft, const struct store *store,
                     bool has_room)
{
    if (raft_role(raft) != RAFT_LEADER)
        return;
    if (leader_is_open(leader) && store_due_ms(store) != 0)
        propose_time(env, raft, store, has_room);
    raft_transfer(raft, 0);
}

bool leader_changed(struct leader *leader, const struct raft *raft, const struct store *store)
{
    bool leads = raft_role(raft) == RAFT_LEADER;
    if (leader_is_open(leader) && (!leads || leader->admission.term != raft_term(raft)))
        admission_close(&leader->admission);
    if (leader_is_open(leader) || !leads || !raft_term_committed(raft) || store_applied(store) < raft_commit(raft))
        return false;
    ensure(store_applied(store) == raft_commit(raft)); /* it has all that was applied of each gateway */
    admission_open(&leader->admission, raft_term(raft));
    leader->cluster_writable = true;
    const struct raft_configuration *members = raft_members(raft);
    for (uint32_t i = 0; i < members->count; i++)
        leader_opened(leader, store, members->members[i].id);
    return true;
}
