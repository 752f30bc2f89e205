#include "support/storm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "support/storm_state.h"

bool storm_chance(struct storm *storm, uint32_t in_a_thousand)
{
    return !storm->calm && random_between(&storm->random, 0, 999) < in_a_thousand;
}

/* --- links and lives -------------------------------------------------------------------------------------------- */

static void link_down(struct storm *storm, uint32_t a, uint32_t b)
{
    if (!storm->links)
        return;
    storm_letters_drop(storm, a, b);
    storm_letters_drop(storm, b, a);
    if (storm->nodes[a].replica.raft)
        raft_peer_down(storm->nodes[a].replica.raft, b);
    if (storm->nodes[b].replica.raft)
        raft_peer_down(storm->nodes[b].replica.raft, a);
}

static void link_up(struct storm *storm, uint32_t a, uint32_t b)
{
    struct replica *left = &storm->nodes[a].replica;
    struct replica *right = &storm->nodes[b].replica;
    if (!storm->links || !left->raft || !right->raft)
        return;
    struct raft_directory of_left = replica_directory(left), of_right = replica_directory(right);
    ensure(raft_peer_up(left->raft, b, &of_right));
    ensure(raft_peer_up(right->raft, a, &of_left));
}

static void start(struct storm *storm, uint32_t id)
{
    struct node *node = &storm->nodes[id];
    replica_start(&node->replica, storm->now_ms);
    node->commit_seen = raft_commit(node->replica.raft);
    node->led = false;
    if (raft_last_index(node->replica.raft) == 0 && !node->wiped)
        raft_bootstrap(node->replica.raft, &storm->configuration, 0);
    for (uint32_t peer = 1; peer <= storm->count; peer++) {
        if (peer != id && !storm->cut[id][peer] && !storm->cut[peer][id])
            link_up(storm, id, peer);
    }
}

static void crash(struct storm *storm, uint32_t id)
{
    struct node *node = &storm->nodes[id];
    replica_crash(&node->replica, random_between(&storm->random, 0, 6));
    node->up_ms = storm->now_ms + random_between(&storm->random, 1, storm->down_ms);
    for (uint32_t peer = 1; peer <= storm->count; peer++) {
        if (peer != id)
            link_down(storm, id, peer);
    }
    for (uint64_t i = 0; i < storm->reads; i++) {
        if (storm->read_owner[i] == id)
            storm->read_owner[i] = 0;
    }
    /* A minority of all disks may ever be lost. */
    if (storm->links && storm_chance(storm, storm->wipe) && storm->wiped < (storm->count - 1) / 2) {
        node->lost = node->wiped ? 0 : replica_disk_last(&node->replica);
        replica_wipe(&node->replica, 1000 + random_between(&storm->random, 0, 1000000));
        if (!node->wiped)
            storm->wiped++;
        node->wiped = true;
        node->term_seen = 0;
    }
}

static void cut(struct storm *storm, uint32_t from, uint32_t to, bool noticed)
{
    if (from == to || storm->cut[from][to])
        return;
    storm->cut[from][to] = true;
    if (noticed)
        link_down(storm, from, to);
}

static void mend(struct storm *storm, uint32_t from, uint32_t to)
{
    if (from == to || !storm->cut[from][to])
        return;
    storm->cut[from][to] = false;
    if (!storm->cut[to][from])
        link_up(storm, from, to);
}

/* Whoever leads, most often; else anyone. */
static uint32_t pick(struct storm *storm)
{
    for (uint32_t id = 1; id <= storm->count; id++) {
        const struct raft *raft = storm->nodes[id].replica.raft;
        if (raft && raft_role(raft) == RAFT_LEADER && random_between(&storm->random, 0, 3) > 0)
            return id;
    }
    return (uint32_t)random_between(&storm->random, 1, storm->count);
}

/* For a while one node is not heard, or hears nothing, or both. */
static void isolate(struct storm *storm)
{
    uint32_t id = storm->isolated;
    if (id != 0 && (storm->now_ms >= storm->isolated_ms || storm->calm)) {
        for (uint32_t peer = 1; peer <= storm->count; peer++) {
            mend(storm, id, peer);
            mend(storm, peer, id);
        }
        storm->isolated = 0;
    }
    if (id != 0 || !storm_chance(storm, storm->isolation))
        return;
    storm->isolated = id = pick(storm);
    storm->isolated_ms = storm->now_ms + random_between(&storm->random, 1, 200);
    uint64_t way = random_between(&storm->random, 0, 2);
    bool noticed = random_between(&storm->random, 0, 1) == 0;
    for (uint32_t peer = 1; peer <= storm->count; peer++) {
        if (way != 1)
            cut(storm, id, peer, noticed);
        if (way != 2)
            cut(storm, peer, id, noticed);
    }
}

static void faults(struct storm *storm)
{
    for (uint32_t id = 1; id <= storm->count; id++) {
        struct node *node = &storm->nodes[id];
        if (!node->replica.raft && (storm->now_ms >= node->up_ms || storm->calm))
            start(storm, id);
    }
    uint32_t victim = pick(storm);
    if (storm->nodes[victim].replica.raft && storm_chance(storm, storm->crash))
        crash(storm, victim);
    isolate(storm);
    uint32_t from = (uint32_t)random_between(&storm->random, 1, storm->count);
    uint32_t to = (uint32_t)random_between(&storm->random, 1, storm->count);
    if (storm_chance(storm, storm->cutting) && random_between(&storm->random, 0, 2) == 0)
        cut(storm, from, to, true);
    else if (storm_chance(storm, storm->cutting) || storm->calm)
        mend(storm, from, to);
}

/* --- turns ------------------------------------------------------------------------------------------------------ */

static bool propose(struct storm *storm, struct raft *raft)
{
    struct blob *payload = blob_new(random_between(&storm->random, 8, 60));
    ensure(payload != NULL);
    memset(payload->bytes, 0, payload->size);
    bytes_put_u64(payload->bytes, storm->proposals + 1);
    uint64_t index;
    bool taken = raft_propose(raft, RAFT_ENTRY_COMMAND, storm->now_ms, payload, &index);
    storm->proposals += taken;
    blob_release(payload);
    return taken;
}

static void requests(struct storm *storm, uint32_t id)
{
    struct raft *raft = storm->nodes[id].replica.raft;
    bool busy = random_between(&storm->random, 0, 99) < (storm->calm ? 3 : 20);
    if (busy && !storm->quiet)
        propose(storm, raft);
    if (busy && storm->reads < READS_MAX && raft_read(raft, storm->reads)) {
        storm->read_floor[storm->reads] = storm->committed;
        storm->read_owner[storm->reads++] = id;
    }
    if (storm_chance(storm, storm->transfer))
        raft_transfer(raft, (uint32_t)random_between(&storm->random, 0, storm->count));
    if (storm_chance(storm, storm->snapshot))
        replica_snapshot(&storm->nodes[id].replica, random_between(&storm->random, 0, storm->keep));
}

static void turn(struct storm *storm, uint32_t id)
{
    struct node *node = &storm->nodes[id];
    struct replica *replica = &node->replica;
    if (!replica->raft)
        return;
    bool any = storm_receive(storm, id);
    if (replica->writing && storm->now_ms >= node->sync_ms) {
        replica_sync(replica);
        any = true;
    }
    if (!any && raft_deadline_ms(replica->raft) > storm->now_ms && random_between(&storm->random, 0, 3) > 0)
        return;
    raft_tick(replica->raft, storm->now_ms);
    requests(storm, id);
    raft_set_time(replica->raft, storm->now_ms);
    if (random_between(&storm->random, 0, 1) == 0)
        raft_tell(replica->raft, (uint32_t)random_between(&storm->random, 1, storm->count));
    raft_flush(replica->raft);
    if (replica_take_writes(replica, random_between(&storm->random, 1, 400)))
        node->sync_ms = storm->now_ms + random_between(&storm->random, 0, storm->calm ? 2 : storm->sync_ms);
    struct raft_message message;
    while (replica_take_message(replica, &message))
        storm_post_message(storm, &message);
    uint32_t peer;
    while (raft_take_snapshot_need(replica->raft, &peer)) {
        uint64_t index = replica->disk.snapshot_index;
        struct letter letter = {.from = id, .to = peer, .index = index, .term = replica->disk.snapshot_term};
        if (index > 0 && !storm->cut[id][peer] && storm->nodes[peer].replica.raft && !storm_chance(storm, storm->lose))
            storm_post(storm, letter);
        else
            raft_snapshot_sent(replica->raft, peer, index, false);
    }
    storm_apply(storm, node);
    storm_check(storm, node);
}

static void step(struct storm *storm)
{
    storm->now_ms++;
    faults(storm);
    storm_letters_lose(storm);
    uint32_t first = (uint32_t)random_between(&storm->random, 0, storm->count - 1);
    for (uint32_t i = 0; i < storm->count; i++)
        turn(storm, (first + i) % storm->count + 1);
    if (storm->now_ms % 64 == 0)
        storm_check_logs(storm);
}

/* --- a storm and the calm after it ------------------------------------------------------------------------------ */

static uint32_t some(struct storm *storm, uint32_t most)
{
    return random_between(&storm->random, 0, 1) == 0 ? 0 : (uint32_t)random_between(&storm->random, 1, most);
}

static void storm_open(struct storm *storm, uint64_t seed)
{
    storm->random.state = seed;
    storm->count = random_between(&storm->random, 0, 1) == 0 ? 3 : 5;
    storm->links = random_between(&storm->random, 0, 3) > 0;
    storm->lose = some(storm, 200);
    storm->repeat = some(storm, 200);
    storm->crash = some(storm, 40);
    storm->cutting = some(storm, 30);
    storm->isolation = some(storm, 30);
    storm->snapshot = some(storm, 50);
    storm->transfer = some(storm, 10);
    storm->wipe = some(storm, 200);
    storm->delay_ms = (uint32_t)random_between(&storm->random, 0, 12);
    storm->sync_ms = (uint32_t)random_between(&storm->random, 0, 12);
    storm->keep = (uint32_t)random_between(&storm->random, 0, 20);
    storm->down_ms = (uint32_t)random_between(&storm->random, 1, 250);
    storm->committed_term = memory_get((STORM_MS + CALM_MS) * 4 * sizeof *storm->committed_term);
    storm->committed_id = memory_get((STORM_MS + CALM_MS) * 4 * sizeof *storm->committed_id);
    storm->committed_in = memory_get((STORM_MS + CALM_MS) * 4 * sizeof *storm->committed_in);
    replica_configuration(&storm->configuration, storm->count);
    for (uint32_t id = 1; id <= storm->count; id++) {
        struct raft_options options = {
            .id = id,
            .incarnation = 100 + id,
            .election_min_ms = 30,
            .election_max_ms = 60,
            .heartbeat_ms = 6,
            .gone_min_ms = 1,
            .gone_max_ms = 6,
            .append_bytes_max = (uint32_t)random_between(&storm->random, 1, 400),
            .inflight_bytes_max = (uint32_t)random_between(&storm->random, 1, 1000),
            .inflight_count_max = (uint32_t)random_between(&storm->random, 1, 8),
            .hold_count = (uint32_t)random_between(&storm->random, 0, 3),
            .seed = random_u64(&storm->random),
        };
        replica_init(&storm->nodes[id].replica, &options);
    }
    for (uint32_t id = 1; id <= storm->count; id++)
        start(storm, id);
}

static void storm_close(struct storm *storm)
{
    for (uint32_t id = 1; id <= storm->count; id++)
        replica_close(&storm->nodes[id].replica);
    for (size_t i = 0; i < storm->letter_count; i++)
        free(storm->letters[i].bytes);
    free(storm->letters);
    free(storm->committed_term);
    free(storm->committed_id);
    free(storm->committed_in);
}

void storm_run(uint64_t seed, bool figures)
{
    struct storm *storm = memory_get(sizeof *storm);
    storm_open(storm, seed);
    while (storm->now_ms < STORM_MS)
        step(storm);
    storm->calm = true;
    uint64_t committed = storm->committed;
    while (storm->now_ms < STORM_MS + CALM_MS / 8)
        step(storm);
    storm_expect(storm->committed > committed, storm, seed, "nothing is committed after the storm");
    /* One more command, and nothing else: all must come to have it. */
    storm->quiet = true;
    uint64_t reads_answered = storm->reads_answered;
    for (bool proposed = false; !proposed && storm->now_ms < STORM_MS + CALM_MS; step(storm)) {
        for (uint32_t id = 1; id <= storm->count && !proposed; id++)
            proposed = raft_role(storm->nodes[id].replica.raft) == RAFT_LEADER &&
                       propose(storm, storm->nodes[id].replica.raft);
    }
    while (storm->now_ms < STORM_MS + CALM_MS && !(storm_settled(storm) && storm->reads_answered > reads_answered))
        step(storm);
    storm_expect(storm_settled(storm), storm, seed, "the nodes do not agree after the storm");
    storm_expect(storm->reads_answered > reads_answered, storm, seed, "no read is answered after the storm");
    storm_check_logs(storm);
    if (figures)
        printf("seed %lu nodes %u committed %lu reads %lu of %lu snapshots %lu wiped %u\n", seed, storm->count,
               storm->committed, storm->reads_answered, storm->reads, storm->snapshots, storm->wiped);
    storm_close(storm);
    free(storm);
}
