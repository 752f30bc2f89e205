#include "support/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "support/replica.h"
#include "support/scenario_network.h"
#include "support/scenario_say.h"

enum { NODES_MAX = SCENARIO_NODES_MAX, WORDS_MAX = 16, DELIVERIES_MAX = 10000 };

struct scenario_node {
    struct replica replica;
    struct replica_disk copy; /* of its disk */
    uint64_t now_ms;
    bool slow;
    /* What was said of it last. */
    enum raft_role role;
    uint64_t term;
    uint32_t leader;
    uint64_t commit;
};

struct scenario {
    uint32_t count;
    struct scenario_node nodes[NODES_MAX + 1]; /* by id */
    struct scenario_network network;
    struct raft_entry decoded[RAFT_MESSAGE_ENTRIES_MAX];
    bool patient;                 /* nobody waits for what is committed */
    struct buffer *out;
    uint32_t word_count;
    char *words[WORDS_MAX]; /* of the command, its name first */
};

static struct scenario_node *node_at(struct scenario *scenario, uint32_t id)
{
    ensure(id > 0 && id <= scenario->count);
    return &scenario->nodes[id];
}

static uint64_t number(const struct scenario *scenario, uint32_t word)
{
    ensure(word < scenario->word_count);
    return strtoull(scenario->words[word], NULL, 10);
}

/* The links that the words from 1 to END speak of. */
static void choose(const struct scenario *scenario, uint32_t end, struct scenario_links *links)
{
    scenario_links(links, scenario->count, scenario->words + 1, end - 1);
}

/* --- turns ------------------------------------------------------------------------------------------------------ */

static void say_changes(struct scenario *scenario, uint32_t id)
{
    struct scenario_node *node = node_at(scenario, id);
    struct raft *raft = node->replica.raft;
    if (node->role != raft_role(raft) || node->term != raft_term(raft) || node->leader != raft_leader(raft)) {
        scenario_say(scenario->out, "  %u is %s, term %" PRIu64, id, scenario_role(raft), raft_term(raft));
        if (raft_leader(raft) != 0 && raft_leader(raft) != id)
            scenario_say(scenario->out, ", leader %u", raft_leader(raft));
        buffer_append_text(scenario->out, "\n");
    }
    if (raft_commit(raft) > node->commit)
        scenario_say(scenario->out, "  %u commits %" PRIu64 "\n", id, raft_commit(raft));
    node->role = raft_role(raft);
    node->term = raft_term(raft);
    node->leader = raft_leader(raft);
    node->commit = raft_commit(raft);
    node->replica.applied = node->commit;
}

static void flush(const struct scenario *scenario, struct raft *raft)
{
    for (uint32_t id = 1; id <= scenario->count && !scenario->patient; id++)
        raft_tell(raft, id);
    raft_flush(raft);
}

/* A node's turn, as the server's loop makes it. */
static void turn(struct scenario *scenario, uint32_t id)
{
    struct scenario_node *node = node_at(scenario, id);
    struct raft *raft = node->replica.raft;
    if (!raft)
        return;
    flush(scenario, raft);
    while (replica_take_writes(&node->replica, 1 << 20) && !node->slow) {
        replica_sync(&node->replica);
        flush(scenario, raft);
    }
    struct raft_message message;
    while (replica_take_message(&node->replica, &message))
        scenario_network_send(&scenario->network, &message);
    say_changes(scenario, id);
    uint64_t read;
    uint64_t index;
    while (raft_take_read(raft, &read, &index))
        scenario_say(scenario->out, "  %u may answer read %" PRIu64 " at %" PRIu64 "\n", id, read, index);
    uint32_t peer;
    while (raft_take_snapshot_need(raft, &peer))
        scenario_say(scenario->out, "  %u: a snapshot is wanted for %u\n", id, peer);
}

/* To a node that is down nothing arrives, and nobody is told. */
static void arrive(struct scenario *scenario, const struct scenario_letter *letter)
{
    struct scenario_node *node = node_at(scenario, letter->to);
    struct raft_message message;
    bool good = raft_message_decode(letter->bytes, letter->size, &message, scenario->decoded);
    ensure(good);
    buffer_append_text(scenario->out, node->replica.raft ? "  " : "  (nobody there) ");
    scenario_say_message(scenario->out, &message);
    if (node->replica.raft)
        raft_step(node->replica.raft, &message);
    raft_message_release(&message);
    turn(scenario, letter->to);
}

/* --- commands --------------------------------------------------------------------------------------------------- */

static void up(struct scenario *scenario, uint32_t id)
{
    struct scenario_node *node = node_at(scenario, id);
    replica_start(&node->replica, node->now_ms);
    node->role = raft_role(node->replica.raft);
    node->term = raft_term(node->replica.raft);
    node->leader = 0;
    node->commit = raft_commit(node->replica.raft);
}

static void run_nodes(struct scenario *scenario)
{
    ensure(scenario->count == 0);
    scenario->count = (uint32_t)number(scenario, 1);
    struct raft_configuration configuration;
    replica_configuration(&configuration, scenario->count);
    for (uint32_t id = 1; id <= scenario->count; id++) {
        struct raft_options options = {
            .id = id,
            .incarnation = 100 + id,
            .election_min_ms = 150,
            .election_max_ms = 300,
            .heartbeat_ms = 30,
            .gone_min_ms = 5,
            .gone_max_ms = 30,
            .append_bytes_max = scenario->word_count > 2 ? (uint32_t)number(scenario, 2) : 1000,
            .inflight_bytes_max = 4000,
            .inflight_count_max = 4,
            .hold_count = scenario->word_count > 3 ? (uint32_t)number(scenario, 3) : 0,
            .seed = id,
        };
        struct scenario_node *node = node_at(scenario, id);
        node->now_ms = 10000;
        replica_init(&node->replica, &options);
        up(scenario, id);
        raft_bootstrap(node->replica.raft, &configuration, 0);
        node->term = 1;
        node->commit = 1;
        turn(scenario, id);
    }
}

static void run_timeout(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    struct scenario_node *node = node_at(scenario, id);
    ensure(node->replica.raft && raft_role(node->replica.raft) != RAFT_LEADER);
    uint64_t deadline_ms = raft_deadline_ms(node->replica.raft);
    if (deadline_ms == UINT64_MAX) {
        scenario_say(scenario->out, "  %u waits for nothing\n", id);
        return;
    }
    node->now_ms = deadline_ms;
    raft_tick(node->replica.raft, node->now_ms);
    turn(scenario, id);
}

static void run_pass(struct scenario *scenario)
{
    for (uint32_t id = 1; id <= scenario->count; id++) {
        struct scenario_node *node = node_at(scenario, id);
        bool named = scenario->word_count == 2;
        for (uint32_t word = 2; word < scenario->word_count; word++)
            named = named || number(scenario, word) == id;
        if (!named)
            continue;
        node->now_ms += number(scenario, 1);
        if (!node->replica.raft)
            continue;
        raft_tick(node->replica.raft, node->now_ms);
        turn(scenario, id);
    }
}

static void run_deliver(struct scenario *scenario)
{
    struct scenario_links links;
    uint32_t end = scenario->word_count;
    uint64_t count = DELIVERIES_MAX;
    if (end == 3 && strchr(scenario->words[1], '-') && !strchr(scenario->words[2], '-'))
        count = number(scenario, --end);
    choose(scenario, end, &links);
    for (uint64_t i = 0; i < count; i++) {
        ensure(i < DELIVERIES_MAX);
        struct scenario_letter *letter = scenario_network_take(&scenario->network, &links, false);
        if (!letter)
            return;
        arrive(scenario, letter);
        scenario_letter_close(letter);
    }
}

static void run_repeat(struct scenario *scenario)
{
    struct scenario_links links;
    choose(scenario, scenario->word_count, &links);
    const struct scenario_letter *letter = scenario_network_find(&scenario->network, &links);
    ensure(letter != NULL);
    arrive(scenario, letter);
}

static void run_overtake(struct scenario *scenario)
{
    struct scenario_links links;
    choose(scenario, scenario->word_count, &links);
    struct scenario_letter *letter = scenario_network_take(&scenario->network, &links, true);
    ensure(letter != NULL);
    arrive(scenario, letter);
    scenario_letter_close(letter);
}

static void run_drop(struct scenario *scenario)
{
    struct scenario_links links;
    choose(scenario, scenario->word_count, &links);
    scenario_network_drop(&scenario->network, &links);
}

static void run_cut(struct scenario *scenario)
{
    struct scenario_links links;
    choose(scenario, scenario->word_count, &links);
    scenario_network_cut(&scenario->network, &links, strcmp(scenario->words[0], "cut") == 0);
}

static void run_waiting(struct scenario *scenario)
{
    for (const struct scenario_letter *letter = scenario->network.letters; letter; letter = letter->next) {
        struct raft_message message;
        bool good = raft_message_decode(letter->bytes, letter->size, &message, scenario->decoded);
        ensure(good);
        buffer_append_text(scenario->out, "  ");
        scenario_say_message(scenario->out, &message);
        raft_message_release(&message);
    }
}

/* A's link to B comes up. Where A finds that B's disk is an older copy it tells B so. */
static void link_up(struct scenario *scenario, uint32_t a, uint32_t b)
{
    struct replica *other = &node_at(scenario, b)->replica;
    struct raft_directory directory = replica_directory(other);
    if (raft_peer_up(node_at(scenario, a)->replica.raft, b, &directory))
        return;
    scenario_say(scenario->out, "  %u tells %u that its disk was rolled back\n", a, b);
    raft_roll_back(other->raft);
}

static void run_link(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    uint32_t peer = (uint32_t)number(scenario, 2);
    if (strcmp(scenario->words[0], "down") == 0)
        raft_peer_down(node_at(scenario, id)->replica.raft, peer);
    else
        link_up(scenario, id, peer);
    turn(scenario, id);
}

static void run_speed(struct scenario *scenario)
{
    node_at(scenario, (uint32_t)number(scenario, 1))->slow = strcmp(scenario->words[0], "slow") == 0;
}

static void run_sync(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    struct replica *replica = &node_at(scenario, id)->replica;
    if (!replica->writing) {
        scenario_say(scenario->out, "  %u writes nothing\n", id);
        return;
    }
    const struct raft_writes *batch = &replica->batch;
    scenario_say(scenario->out, "  %u wrote", id);
    if (batch->vote)
        scenario_say(scenario->out, " term %" PRIu64 " vote %u", batch->term, batch->voted_for);
    if (batch->reset)
        scenario_say(scenario->out, " reset after %" PRIu64 "@%" PRIu64, batch->reset_index, batch->reset_term);
    if (batch->last >= batch->first)
        scenario_say(scenario->out, " entries %" PRIu64 "..%" PRIu64, batch->first, batch->last);
    buffer_append_text(scenario->out, "\n");
    replica_sync(replica);
    turn(scenario, id);
}

static void run_propose(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    size_t size = strlen(scenario->words[2]);
    struct blob *payload = blob_new(size);
    ensure(payload != NULL);
    memcpy(payload->bytes, scenario->words[2], size);
    uint64_t index;
    if (!raft_propose(node_at(scenario, id)->replica.raft, RAFT_ENTRY_COMMAND, 0, payload, &index))
        scenario_say(scenario->out, "  %u takes no proposals\n", id);
    blob_release(payload);
    turn(scenario, id);
}

static void run_read(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    if (!raft_read(node_at(scenario, id)->replica.raft, number(scenario, 2)))
        scenario_say(scenario->out, "  %u takes no reads\n", id);
    turn(scenario, id);
}

static void run_transfer(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    uint32_t to = scenario->word_count > 2 ? (uint32_t)number(scenario, 2) : 0;
    if (!raft_transfer(node_at(scenario, id)->replica.raft, to))
        scenario_say(scenario->out, "  %u hands over to nobody\n", id);
    turn(scenario, id);
}

static void run_patient(struct scenario *scenario)
{
    scenario->patient = true;
}

static void run_stepdown(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    raft_step_down(node_at(scenario, id)->replica.raft);
    turn(scenario, id);
}

static void run_snapshot(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    struct replica *replica = &node_at(scenario, id)->replica;
    replica_snapshot(replica, scenario->word_count > 2 ? number(scenario, 2) : 0);
    turn(scenario, id);
}

/* "install A->B" and "lose A->B". */
static void run_install(struct scenario *scenario)
{
    uint32_t from;
    uint32_t to;
    int read = sscanf(scenario->words[1], "%u->%u", &from, &to);
    ensure(read == 2);
    struct replica *sender = &node_at(scenario, from)->replica;
    struct replica *receiver = &node_at(scenario, to)->replica;
    uint64_t index = sender->disk.snapshot_index;
    bool ok = strcmp(scenario->words[0], "install") == 0;
    if (ok && !replica_install(receiver, index, sender->disk.snapshot_term, &sender->disk.snapshot_configuration))
        scenario_say(scenario->out, "  %u has no use for it\n", to);
    if (ok)
        turn(scenario, to);
    raft_snapshot_sent(sender->raft, to, index, ok);
    turn(scenario, from);
}

/* The others see its links close, or come up again. */
static void tell_others(struct scenario *scenario, uint32_t id)
{
    struct replica *replica = &node_at(scenario, id)->replica;
    for (uint32_t peer = 1; peer <= scenario->count; peer++) {
        struct replica *other = &node_at(scenario, peer)->replica;
        if (peer == id || !other->raft)
            continue;
        if (replica->raft) {
            link_up(scenario, id, peer);
            link_up(scenario, peer, id);
        } else {
            raft_peer_down(other->raft, id);
        }
        turn(scenario, peer);
    }
}

static void run_crash(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    replica_crash(&node_at(scenario, id)->replica, scenario->word_count > 2 ? (size_t)number(scenario, 2) : 0);
    tell_others(scenario, id);
}

static void run_restart(struct scenario *scenario)
{
    uint32_t id = (uint32_t)number(scenario, 1);
    up(scenario, id);
    scenario_say_node(scenario->out, node_at(scenario, id)->replica.raft, id);
    tell_others(scenario, id);
    turn(scenario, id);
}

static void run_wipe(struct scenario *scenario)
{
    struct scenario_node *node = node_at(scenario, (uint32_t)number(scenario, 1));
    replica_wipe(&node->replica, node->replica.options.incarnation + 1000);
}

static void run_copy(struct scenario *scenario)
{
    struct scenario_node *node = node_at(scenario, (uint32_t)number(scenario, 1));
    replica_copy_close(&node->copy);
    replica_copy(&node->replica, &node->copy);
}

static void run_put_back(struct scenario *scenario)
{
    struct scenario_node *node = node_at(scenario, (uint32_t)number(scenario, 1));
    replica_put_back(&node->replica, &node->copy);
}

static void run_show(struct scenario *scenario)
{
    for (uint32_t id = 1; id <= scenario->count; id++) {
        bool named = scenario->word_count == 1;
        for (uint32_t word = 1; word < scenario->word_count; word++)
            named = named || number(scenario, word) == id;
        if (named)
            scenario_say_node(scenario->out, node_at(scenario, id)->replica.raft, id);
    }
}

static void run_peers(struct scenario *scenario)
{
    scenario_say_peers(scenario->out, node_at(scenario, (uint32_t)number(scenario, 1))->replica.raft);
}

/* An election that nothing disturbs, told in one line. */
static void run_elect(struct scenario *scenario)
{
    struct buffer *out = scenario->out;
    struct buffer unheard = {0};
    uint32_t id = (uint32_t)number(scenario, 1);
    scenario->out = &unheard;
    run_timeout(scenario);
    scenario->word_count = 1;
    run_deliver(scenario);
    scenario->out = out;
    buffer_close(&unheard);
    scenario_say_node(out, node_at(scenario, id)->replica.raft, id);
}

static const struct {
    const char *name;
    void (*run)(struct scenario *scenario);
} commands[] = {
    {"nodes", run_nodes},       {"timeout", run_timeout}, {"pass", run_pass},         {"deliver", run_deliver},
    {"repeat", run_repeat},     {"overtake", run_overtake}, {"drop", run_drop},       {"cut", run_cut},
    {"mend", run_cut},          {"waiting", run_waiting}, {"down", run_link},         {"up", run_link},
    {"slow", run_speed},        {"fast", run_speed},      {"sync", run_sync},         {"propose", run_propose},
    {"read", run_read},         {"transfer", run_transfer}, {"stepdown", run_stepdown}, {"snapshot", run_snapshot},
    {"install", run_install},   {"lose", run_install},    {"crash", run_crash},       {"restart", run_restart},
    {"wipe", run_wipe},         {"show", run_show},       {"peers", run_peers},       {"elect", run_elect},
    {"patient", run_patient},   {"copy", run_copy},       {"putback", run_put_back},
};

/* --- life ------------------------------------------------------------------------------------------------------- */

struct scenario *scenario_open(void)
{
    return memory_get(sizeof(struct scenario));
}

void scenario_close(struct scenario *scenario)
{
    scenario_network_close(&scenario->network);
    for (uint32_t id = 1; id <= scenario->count; id++) {
        replica_close(&scenario->nodes[id].replica);
        replica_copy_close(&scenario->nodes[id].copy);
    }
    free(scenario);
}

void scenario_run(struct scenario *scenario, const char *line, struct buffer *out)
{
    char *copy = memory_get(strlen(line) + 1);
    memcpy(copy, line, strlen(line));
    struct buffer unheard = {0};
    bool quietly = strncmp(line, "quietly ", 8) == 0;
    scenario->out = quietly ? &unheard : out;
    scenario->word_count = 0;
    for (char *word = strtok(quietly ? copy + 8 : copy, " "); word; word = strtok(NULL, " ")) {
        ensure(scenario->word_count < WORDS_MAX);
        scenario->words[scenario->word_count++] = word;
    }
    bool known = false;
    for (size_t i = 0; scenario->word_count > 0 && i < sizeof commands / sizeof commands[0] && !known; i++) {
        known = strcmp(commands[i].name, scenario->words[0]) == 0;
        if (known)
            commands[i].run(scenario);
    }
    if (!known)
        scenario_say(out, "  what is \"%s\"?\n", line);
    buffer_close(&unheard);
    free(copy);
}
