/* Rafts in a storm: three or five of them, with messages lost, repeated, delayed and overtaken, links cut, crashes that
 * lose what was not synced, snapshots, transfers, wiped disks. After everything that happens the invariants must hold;
 * then the storm ends, and the cluster must work. A seed tells the whole story again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/memory.h"
#include "base/random.h"
#include "support/check.h"
#include "support/replica.h"

enum { NODES_MAX = 5, STORM_MS = 2500, CALM_MS = 6000, SEEDS = 400, READS_MAX = 4096, TERMS_MAX = 4096 };

struct letter {
    uint64_t at_ms;
    uint32_t from;
    uint32_t to;
    uint8_t *bytes; /* NULL: a snapshot, or (ok set) the answer to one */
    size_t size;
    bool answer;
    bool ok;
    uint64_t index;
    uint64_t term;
};

struct node {
    struct replica replica;
    uint64_t sync_ms;
    uint64_t up_ms; /* down: when it starts again */
    bool wiped;
    uint64_t term_seen;
    uint64_t commit_seen;
    uint64_t match_seen[NODES_MAX + 1];
    uint64_t match_term;
    bool led;         /* at the end of its last turn */
};

struct storm {
    struct random random;
    uint64_t now_ms;
    uint32_t count;
    struct node nodes[NODES_MAX + 1]; /* by id */
    bool calm;                        /* no more faults */
    bool quiet;                       /* no more proposals, but the last */
    bool links;                       /* nodes are told when links go down and up */
    bool cut[NODES_MAX + 1][NODES_MAX + 1];
    uint32_t wiped;

    /* In a thousand. */
    uint32_t lose, repeat, crash, cutting, snapshot, transfer, wipe;
    uint32_t delay_ms, sync_ms, keep;

    struct letter *letters;
    size_t letter_count;
    size_t letter_capacity;

    uint64_t *committed_term; /* by index */
    uint64_t *committed_id;
    uint64_t committed;
    uint32_t leader_of[TERMS_MAX];

    uint64_t read_floor[READS_MAX];
    uint32_t read_owner[READS_MAX]; /* 0: answered, or of an earlier life */
    uint64_t reads;
    uint64_t reads_answered;
    uint64_t proposals;
    uint64_t snapshots;
    struct raft_configuration configuration;
};

static struct raft_entry decoded[RAFT_MESSAGE_ENTRIES_MAX];

static bool chance(struct storm *storm, uint32_t in_a_thousand)
{
    return !storm->calm && random_between(&storm->random, 0, 999) < in_a_thousand;
}

/* --- letters ---------------------------------------------------------------------------------------------------- */

static void post(struct storm *storm, struct letter letter)
{
    if (storm->letter_count == storm->letter_capacity) {
        storm->letter_capacity = storm->letter_capacity * 2 + 64;
        storm->letters = memory_resize(storm->letters, storm->letter_capacity, sizeof letter);
    }
    letter.at_ms = storm->now_ms + random_between(&storm->random, 0, storm->calm ? 1 : storm->delay_ms);
    storm->letters[storm->letter_count++] = letter;
}

static void post_message(struct storm *storm, const struct raft_message *message)
{
    if (storm->cut[message->from][message->to] || chance(storm, storm->lose))
        return;
    struct chain chain = {0};
    raft_message_encode(message, &chain);
    ensure(chain.size == raft_message_size(message));
    uint32_t copies = chance(storm, storm->repeat) ? 2 : 1;
    for (uint32_t i = 0; i < copies; i++) {
        struct letter letter = {.from = message->from, .to = message->to, .size = chain.size};
        letter.bytes = memory_get(chain.size);
        chain_copy(&chain, letter.bytes, chain.size);
        post(storm, letter);
    }
    chain_close(&chain);
}

static void letter_remove(struct storm *storm, size_t place)
{
    struct letter *letter = &storm->letters[place];
    if (!letter->bytes && !letter->answer && storm->nodes[letter->from].replica.raft) /* who sends a snapshot sees it fail */
        raft_snapshot_sent(storm->nodes[letter->from].replica.raft, letter->to, letter->index, false);
    free(storm->letters[place].bytes);
    storm->letters[place] = storm->letters[--storm->letter_count];
}

static void letters_drop(struct storm *storm, uint32_t from, uint32_t to)
{
    for (size_t i = storm->letter_count; i > 0; i--) {
        if (storm->letters[i - 1].from == from && storm->letters[i - 1].to == to)
            letter_remove(storm, i - 1);
    }
}

static void deliver(struct storm *storm, struct letter *letter)
{
    struct replica *replica = &storm->nodes[letter->to].replica;
    if (letter->bytes) {
        struct raft_message message;
        bool good = raft_message_decode(letter->bytes, letter->size, &message, decoded);
        ensure(good);
        raft_step(replica->raft, &message);
        raft_message_release(&message);
    } else if (letter->answer) {
        raft_snapshot_sent(replica->raft, letter->from, letter->index, letter->ok);
    } else {
        bool ok = replica_install(replica, letter->index, letter->term, &storm->configuration);
        ok = ok || raft_commit(replica->raft) >= letter->index;
        struct letter answer = {
            .from = letter->to, .to = letter->from, .answer = true, .ok = ok, .index = letter->index};
        storm->snapshots++;
        post(storm, answer);
    }
}

/* --- links and lives -------------------------------------------------------------------------------------------- */

static void link_down(struct storm *storm, uint32_t a, uint32_t b)
{
    if (!storm->links)
        return;
    letters_drop(storm, a, b);
    letters_drop(storm, b, a);
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
    raft_peer_up(left->raft, b, right->options.incarnation);
    raft_peer_up(right->raft, a, left->options.incarnation);
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
    node->up_ms = storm->now_ms + random_between(&storm->random, 1, 200);
    for (uint32_t peer = 1; peer <= storm->count; peer++) {
        if (peer != id)
            link_down(storm, id, peer);
    }
    for (uint64_t i = 0; i < storm->reads; i++) {
        if (storm->read_owner[i] == id)
            storm->read_owner[i] = 0;
    }
    /* A minority of all disks may ever be lost. */
    if (storm->links && chance(storm, storm->wipe) && storm->wiped < (storm->count - 1) / 2) {
        replica_wipe(&node->replica, 1000 + random_between(&storm->random, 0, 1000000));
        if (!node->wiped)
            storm->wiped++;
        node->wiped = true;
        node->term_seen = 0;
    }
}

static void faults(struct storm *storm)
{
    for (uint32_t id = 1; id <= storm->count; id++) {
        struct node *node = &storm->nodes[id];
        if (node->replica.raft && chance(storm, storm->crash))
            crash(storm, id);
        else if (!node->replica.raft && (storm->now_ms >= node->up_ms || storm->calm))
            start(storm, id);
    }
    if (!chance(storm, storm->cutting) && !storm->calm)
        return;
    uint32_t a = (uint32_t)random_between(&storm->random, 1, storm->count);
    uint32_t b = (uint32_t)random_between(&storm->random, 1, storm->count);
    bool cut = random_between(&storm->random, 0, 2) == 0;
    for (uint32_t i = 1; i <= storm->count; i++) {
        for (uint32_t j = 1; j <= storm->count; j++) {
            bool chosen = storm->calm || (i == a && j == b);
            bool now_cut = cut && !storm->calm;
            if (i == j || !chosen || storm->cut[i][j] == now_cut)
                continue;
            storm->cut[i][j] = now_cut;
            if (now_cut)
                link_down(storm, i, j);
            else if (!storm->cut[j][i])
                link_up(storm, i, j);
        }
    }
}

/* --- invariants ------------------------------------------------------------------------------------------------- */

static uint64_t entry_id(const struct raft_entry *entry)
{
    return entry->payload && entry->type == RAFT_ENTRY_COMMAND ? bytes_u64(entry->payload->bytes) : 0;
}

/* Only a leader finds something committed, and only what is on the disks of a majority. */
static void commit(struct storm *storm, struct node *node, const struct raft_entry *entry)
{
    ensure(entry->index == storm->committed + 1);
    ensure(raft_role(node->replica.raft) == RAFT_LEADER || node->led || entry->index == 1);
    uint32_t holders = storm->wiped;
    for (uint32_t id = 1; id <= storm->count; id++)
        holders += !storm->nodes[id].wiped &&
                   replica_disk_holds(&storm->nodes[id].replica, entry->index, entry->term);
    ensure(entry->index == 1 || holders >= storm->count / 2 + 1);
    storm->committed++;
    storm->committed_term[storm->committed] = entry->term;
    storm->committed_id[storm->committed] = entry_id(entry);
}

static void apply(struct storm *storm, struct node *node)
{
    struct replica *replica = &node->replica;
    while (replica->applied < raft_commit(replica->raft)) {
        const struct raft_entry *entry = raft_entry(replica->raft, ++replica->applied);
        if (entry->index > storm->committed)
            commit(storm, node, entry);
        ensure(entry->index <= storm->committed);
        ensure(storm->committed_term[entry->index] == entry->term);
        ensure(storm->committed_id[entry->index] == entry_id(entry));
    }
    uint64_t id;
    uint64_t index;
    while (raft_take_read(replica->raft, &id, &index)) {
        ensure(id < storm->reads && index >= storm->read_floor[id]);
        ensure(storm->read_owner[id] == replica->options.id);
        storm->read_owner[id] = 0;
        storm->reads_answered++;
    }
}

static void check_peers(struct storm *storm, struct node *node)
{
    const struct raft *raft = node->replica.raft;
    for (uint32_t id = 1; id <= storm->count; id++) {
        struct raft_peer_view view;
        if (!raft_peer(raft, id, &view))
            continue;
        ensure(view.next > view.match && view.next <= raft_last_index(raft) + 1);
        bool counts = view.voter && !storm->nodes[id].wiped;
        ensure(!counts || node->match_term != raft_term(raft) || view.match >= node->match_seen[id]);
        node->match_seen[id] = view.match;
    }
    node->match_term = raft_term(raft);
}

static void check(struct storm *storm, struct node *node)
{
    const struct raft *raft = node->replica.raft;
    ensure(raft_term(raft) >= node->term_seen && raft_commit(raft) >= node->commit_seen);
    ensure(raft_commit(raft) >= node->replica.disk.snapshot_index);
    ensure(raft_durable_index(raft) <= replica_disk_last(&node->replica));
    ensure(raft_deadline_ms(raft) > storm->now_ms);
    node->term_seen = node->replica.disk.term;
    node->commit_seen = raft_commit(raft);
    node->led = raft_role(raft) == RAFT_LEADER;
    if (raft_role(raft) == RAFT_LEADER) {
        uint32_t *leader = &storm->leader_of[raft_term(raft)];
        ensure(raft_term(raft) < TERMS_MAX && (*leader == 0 || *leader == node->replica.options.id));
        *leader = node->replica.options.id;
        ensure(!node->wiped && raft_last_index(raft) >= storm->committed);
        check_peers(storm, node);
    }
}

/* If two logs have an entry of the same index and term, they are the same up to there. */
static void check_logs(const struct storm *storm)
{
    for (uint32_t a = 1; a <= storm->count; a++) {
        for (uint32_t b = a + 1; b <= storm->count; b++) {
            const struct raft *left = storm->nodes[a].replica.raft;
            const struct raft *right = storm->nodes[b].replica.raft;
            if (!left || !right)
                continue;
            uint64_t last = raft_last_index(left) < raft_last_index(right) ? raft_last_index(left)
                                                                           : raft_last_index(right);
            uint64_t first = raft_first_index(left) > raft_first_index(right) ? raft_first_index(left)
                                                                              : raft_first_index(right);
            bool same = false;
            for (uint64_t i = last; i >= first; i--) {
                same = same || raft_term_at(left, i) == raft_term_at(right, i);
                ensure(!same || raft_term_at(left, i) == raft_term_at(right, i));
                ensure(!same || entry_id(raft_entry(left, i)) == entry_id(raft_entry(right, i)));
                ensure(!same || raft_entry(left, i)->time_ms == raft_entry(right, i)->time_ms);
            }
        }
    }
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
    if (chance(storm, storm->transfer))
        raft_transfer(raft, (uint32_t)random_between(&storm->random, 0, storm->count));
    if (chance(storm, storm->snapshot))
        replica_snapshot(&storm->nodes[id].replica, random_between(&storm->random, 0, storm->keep));
}

static bool receive(struct storm *storm, uint32_t id)
{
    bool any = false;
    for (size_t i = storm->letter_count; i > 0; i--) {
        if (storm->letters[i - 1].to != id || storm->letters[i - 1].at_ms > storm->now_ms)
            continue;
        struct letter letter = storm->letters[i - 1];
        storm->letters[i - 1] = storm->letters[--storm->letter_count];
        if (!any)
            raft_tick(storm->nodes[id].replica.raft, storm->now_ms);
        any = true;
        deliver(storm, &letter);
        free(letter.bytes);
    }
    return any;
}

static void turn(struct storm *storm, uint32_t id)
{
    struct node *node = &storm->nodes[id];
    struct replica *replica = &node->replica;
    if (!replica->raft)
        return;
    bool any = receive(storm, id);
    if (replica->writing && storm->now_ms >= node->sync_ms) {
        replica_sync(replica);
        any = true;
    }
    if (!any && raft_deadline_ms(replica->raft) > storm->now_ms && random_between(&storm->random, 0, 3) > 0)
        return;
    raft_tick(replica->raft, storm->now_ms);
    requests(storm, id);
    raft_set_time(replica->raft, storm->now_ms);
    raft_flush(replica->raft);
    if (replica_take_writes(replica, random_between(&storm->random, 1, 400)))
        node->sync_ms = storm->now_ms + random_between(&storm->random, 0, storm->calm ? 2 : storm->sync_ms);
    struct raft_message message;
    while (replica_take_message(replica, &message))
        post_message(storm, &message);
    uint32_t peer;
    while (raft_take_snapshot_need(replica->raft, &peer)) {
        uint64_t index = replica->disk.snapshot_index;
        struct letter letter = {.from = id, .to = peer, .index = index, .term = replica->disk.snapshot_term};
        if (index > 0 && !storm->cut[id][peer] && storm->nodes[peer].replica.raft && !chance(storm, storm->lose))
            post(storm, letter);
        else
            raft_snapshot_sent(replica->raft, peer, index, false);
    }
    apply(storm, node);
    check(storm, node);
}

static void step(struct storm *storm)
{
    storm->now_ms++;
    faults(storm);
    for (size_t i = storm->letter_count; i > 0; i--) {
        struct letter *letter = &storm->letters[i - 1];
        if (storm->nodes[letter->to].replica.raft || letter->at_ms > storm->now_ms)
            continue;
        letter_remove(storm, i - 1); /* nobody is there */
    }
    uint32_t first = (uint32_t)random_between(&storm->random, 0, storm->count - 1);
    for (uint32_t i = 0; i < storm->count; i++)
        turn(storm, (first + i) % storm->count + 1);
    if (storm->now_ms % 64 == 0)
        check_logs(storm);
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
    storm->crash = some(storm, 8);
    storm->cutting = some(storm, 30);
    storm->snapshot = some(storm, 50);
    storm->transfer = some(storm, 10);
    storm->wipe = some(storm, 200);
    storm->delay_ms = (uint32_t)random_between(&storm->random, 0, 12);
    storm->sync_ms = (uint32_t)random_between(&storm->random, 0, 12);
    storm->keep = (uint32_t)random_between(&storm->random, 0, 20);
    storm->committed_term = memory_get((STORM_MS + CALM_MS) * 4 * sizeof *storm->committed_term);
    storm->committed_id = memory_get((STORM_MS + CALM_MS) * 4 * sizeof *storm->committed_id);
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
}

/* Everybody has applied everything, and a leader answers reads. */
static bool settled(const struct storm *storm)
{
    uint32_t leaders = 0;
    for (uint32_t id = 1; id <= storm->count; id++) {
        const struct raft *raft = storm->nodes[id].replica.raft;
        if (!raft || raft_commit(raft) != storm->committed || raft_last_index(raft) != storm->committed)
            return false;
        leaders += raft_term_committed(raft);
    }
    return leaders == 1;
}

static void expect(bool condition, const struct storm *storm, uint64_t seed, const char *otherwise)
{
    if (condition)
        return;
    fprintf(stderr, "seed %lu: %s\n", seed, otherwise);
    for (uint32_t id = 1; id <= storm->count; id++) {
        const struct raft *raft = storm->nodes[id].replica.raft;
        if (!raft)
            continue;
        fprintf(stderr, "node %u role %d term %lu leader %u commit %lu first %lu last %lu durable %lu deadline %lu\n", id,
                (int)raft_role(raft), raft_term(raft), raft_leader(raft), raft_commit(raft), raft_first_index(raft),
                raft_last_index(raft), raft_durable_index(raft), raft_deadline_ms(raft));
        struct raft_peer_view view;
        for (uint32_t peer = 1; peer <= storm->count; peer++) {
            if (raft_peer(raft, peer, &view))
                fprintf(stderr, "    peer %u state %d match %lu next %lu heard %lu\n", peer, (int)view.state, view.match,
                        view.next, view.heard_ms);
        }
    }
    abort();
}

static void run(uint64_t seed)
{
    struct storm *storm = memory_get(sizeof *storm);
    storm_open(storm, seed);
    while (storm->now_ms < STORM_MS)
        step(storm);
    storm->calm = true;
    uint64_t committed = storm->committed;
    while (storm->now_ms < STORM_MS + CALM_MS / 8)
        step(storm);
    expect(storm->committed > committed, storm, seed, "nothing is committed after the storm");
    /* One more command, and nothing else: all must come to have it. */
    storm->quiet = true;
    uint64_t reads_answered = storm->reads_answered;
    storm->reads = READS_MAX < storm->reads + 64 ? READS_MAX - 64 : storm->reads;
    for (bool proposed = false; !proposed && storm->now_ms < STORM_MS + CALM_MS; step(storm)) {
        for (uint32_t id = 1; id <= storm->count && !proposed; id++)
            proposed = raft_role(storm->nodes[id].replica.raft) == RAFT_LEADER &&
                       propose(storm, storm->nodes[id].replica.raft);
    }
    while (storm->now_ms < STORM_MS + CALM_MS && !(settled(storm) && storm->reads_answered > reads_answered))
        step(storm);
    expect(settled(storm), storm, seed, "the nodes do not agree after the storm");
    expect(storm->reads_answered > reads_answered, storm, seed, "no read is answered after the storm");
    check_logs(storm);
    if (getenv("STORM_FIGURES"))
        printf("seed %lu nodes %u committed %lu reads %lu of %lu snapshots %lu wiped %u\n", seed, storm->count,
               storm->committed, storm->reads_answered, storm->reads, storm->snapshots, storm->wiped);
    storm_close(storm);
    free(storm);
}

START_TEST(seeds)
{
    for (int i = 0; i < 20; i++)
        run((uint64_t)(_i * 20 + i + 1));
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1) { /* storm SEED [COUNT] */
        uint64_t seed = strtoull(argv[1], NULL, 10);
        uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
        for (uint64_t i = 0; i < count; i++)
            run(seed + i);
        return 0;
    }
    Suite *suite = suite_create("raft/storm");
    TCase *tests = tcase_create("storm");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, seeds, 0, SEEDS / 20);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
