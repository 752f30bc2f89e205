/* Configurations in a running raft, who counts, and the bounds of what it remembers of its peers. */
#include <string.h>

#include "raft/raft.h"
#include "support/check.h"
#include "support/replica.h"

static struct replica replica;

static void sync_all(void)
{
    while (replica_take_writes(&replica, 1 << 20))
        replica_sync(&replica);
}

/* Node 1, leader of COUNT in term 2, with the votes of all. */
static struct raft *leader(uint32_t count)
{
    struct raft_options options = {
        .id = 1,
        .incarnation = 101,
        .election_min_ms = 150,
        .election_max_ms = 300,
        .heartbeat_ms = 30,
        .gone_min_ms = 0,
        .gone_max_ms = 0,
        .append_bytes_max = 1000,
        .inflight_bytes_max = 1000,
        .inflight_count_max = 10,
        .seed = 1,
    };
    struct raft_configuration configuration;
    replica_configuration(&configuration, count);
    replica_init(&replica, &options);
    replica_start(&replica, 0);
    raft_bootstrap(replica.raft, &configuration, 0);
    sync_all();
    raft_tick(replica.raft, 1000);
    for (uint32_t id = 2; id <= count; id++) {
        struct raft_message yes = {.type = RAFT_PREVOTE_REPLY, .from = id, .to = 1, .term = 2, .ok = true};
        raft_step(replica.raft, &yes);
    }
    sync_all();
    for (uint32_t id = 2; id <= count; id++) {
        struct raft_message yes = {.type = RAFT_VOTE_REPLY, .from = id, .to = 1, .term = 2, .ok = true};
        raft_step(replica.raft, &yes);
    }
    ck_assert_int_eq(raft_role(replica.raft), RAFT_LEADER);
    sync_all();
    return replica.raft;
}

static void acknowledge(struct raft *raft, uint32_t id, uint64_t match)
{
    struct raft_message reply = {
        .type = RAFT_APPEND_REPLY, .from = id, .to = 1, .term = 2, .ok = true, .match = match, .index = match};
    raft_step(raft, &reply);
}

static uint32_t sent_to(struct raft *raft, uint32_t id)
{
    struct raft_message message;
    uint32_t count = 0;
    raft_flush(raft);
    while (replica_take_message(&replica, &message))
        count += message.to == id;
    return count;
}

static bool propose(struct raft *raft, const struct raft_configuration *configuration)
{
    struct buffer bytes = {0};
    raft_configuration_encode(configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    buffer_close(&bytes);
    uint64_t index;
    bool taken = raft_propose(raft, RAFT_ENTRY_CONFIGURATION, 0, payload, &index);
    blob_release(payload);
    return taken;
}

START_TEST(a_configuration_counts_from_when_it_is_appended)
{
    struct raft *raft = leader(3);
    struct raft_configuration configuration;
    replica_configuration(&configuration, 4);
    configuration.members[3].role = RAFT_LEARNER;
    ck_assert(propose(raft, &configuration)); /* entry 3 */
    ck_assert_uint_eq(raft_members(raft)->count, 4);
    ck_assert_msg(sent_to(raft, 4) > 0, "the learner gets the log");
    sync_all();
    acknowledge(raft, 4, 3);
    ck_assert_msg(raft_commit(raft) < 3, "but does not count");
    struct raft_peer_view view;
    ck_assert(raft_peer(raft, 4, &view) && !view.voter);
    acknowledge(raft, 2, 3);
    ck_assert_uint_eq(raft_commit(raft), 3);

    /* 4 becomes a voter, and 2 leaves: now 1, 3 and 4 are the cluster. */
    configuration.members[3].role = RAFT_VOTER;
    configuration.members[1] = configuration.members[2];
    configuration.members[2] = configuration.members[3];
    configuration.count = 3;
    ck_assert(raft_transfer(raft, 2));
    ck_assert(!propose(raft, &configuration));
    raft_tick(raft, 1290); /* the transfer is given up a little later */
    acknowledge(raft, 2, 3);
    acknowledge(raft, 3, 3);
    raft_tick(raft, 1300);
    ck_assert(propose(raft, &configuration)); /* entry 4 */
    ck_assert(!raft_peer(raft, 2, &view));
    sync_all();
    acknowledge(raft, 2, 4);
    ck_assert_uint_eq(raft_commit(raft), 3);
    acknowledge(raft, 4, 4);
    ck_assert_uint_eq(raft_commit(raft), 4);
    replica_close(&replica);
}
END_TEST

START_TEST(a_peer_with_another_disk_starts_from_nothing)
{
    struct raft *raft = leader(3);
    struct raft_peer_view view;
    replica_meet(raft, 2, 102);
    acknowledge(raft, 2, 2);
    ck_assert_uint_eq(raft_commit(raft), 2);
    raft_peer_down(raft, 2);
    ck_assert(raft_peer(raft, 2, &view) && view.match == 2 && view.voter);
    replica_meet(raft, 2, 102);
    ck_assert(raft_peer(raft, 2, &view) && view.match == 2 && view.voter);
    replica_meet(raft, 2, 7);
    ck_assert(raft_peer(raft, 2, &view) && view.match == 0 && !view.voter);
    replica_meet(raft, 2, 102);
    ck_assert(raft_peer(raft, 2, &view) && view.match == 0 && view.voter);
    replica_close(&replica);
}
END_TEST

START_TEST(any_number_of_strangers_may_call)
{
    struct raft *raft = leader(3);
    struct raft_peer_view view;
    replica_meet(raft, 2, 7);
    for (uint32_t id = 10; id < 1000; id++)
        replica_meet(raft, id, id);
    ck_assert(raft_peer(raft, 2, &view) && !view.voter);
    ck_assert(!raft_peer(raft, 10, &view));
    replica_close(&replica);
}
END_TEST

START_TEST(a_message_whose_entries_went_is_lost)
{
    struct raft *raft = leader(3);
    struct raft_message message;
    sent_to(raft, 2);
    acknowledge(raft, 2, 2);
    raft_flush(raft);
    raft_peer_down(raft, 3);
    replica_meet(raft, 3, 103); /* 3 will be sent entry 2 again */
    raft_flush(raft);
    replica.applied = 2;
    raft_compact(raft, 2);
    while (replica_take_message(&replica, &message))
        ck_assert_uint_eq(message.entry_count, 0);
    replica_close(&replica);
}
END_TEST

/* The disk hangs, and the leader keeps asking: what waits to be sent stays bounded. */
START_TEST(what_waits_to_be_sent_is_bounded)
{
    struct raft *raft = leader(3);
    raft_step_down(raft);
    struct raft_message message = {.type = RAFT_APPEND, .from = 2, .to = 1, .term = 9, .round = 1};
    raft_step(raft, &message); /* term 9 is never written */
    message.term = 3;
    for (int i = 0; i < 100000; i++) {
        raft_step(raft, &message);
        raft_flush(raft);
    }
    sync_all();
    raft_flush(raft);
    uint32_t count = 0;
    while (replica_take_message(&replica, &message))
        count++;
    ck_assert_uint_lt(count, 10000);
    replica_close(&replica);
}
END_TEST

START_TEST(bytes_of_the_log)
{
    struct raft *raft = leader(3);
    uint64_t before = raft_log_bytes(raft);
    struct blob *payload = blob_new(50);
    memset(payload->bytes, 0, 50);
    uint64_t index;
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 0, payload, &index));
    ck_assert_uint_eq(raft_log_bytes(raft), before + 50);
    ck_assert_uint_eq(raft_unwritten_bytes(raft), 50);
    sync_all();
    ck_assert_uint_eq(raft_unwritten_bytes(raft), 0);
    blob_release(payload);
    replica_close(&replica);
}
END_TEST

/* Times never fall along the log, whoever asks for what. */
START_TEST(times_never_fall)
{
    struct raft *raft = leader(3);
    uint64_t index;
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 700, NULL, &index));
    ck_assert_uint_eq(raft_entry(raft, index)->time_ms, 700);
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 600, NULL, &index));
    ck_assert_uint_eq(raft_entry(raft, index)->time_ms, 700);
    sync_all();
    acknowledge(raft, 2, index);
    raft_compact(raft, index);
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 500, NULL, &index));
    ck_assert_uint_eq(raft_entry(raft, index)->time_ms, 700);
    replica_close(&replica);
}
END_TEST

/* Node 3 with what is on its disk when it comes back: it once acknowledged entry 3, of which 2 is committed. */
static const struct raft_directory had = {
    .incarnation = 103, .life = 2, .processes = {10, 9}, .term = 2, .durable_index = 3};
static const struct {
    struct raft_directory found;
    bool holds;
} returns[] = {
    {{103, 3, {11, 10, 9}, 2, 3, false}, true},
    {{103, 5, {13, 12, 11, 10, 9}, 2, 9, false}, true},
    {{103, 2 + RAFT_LIVES_MAX, {11, 12, 13}, 2, 3, false}, true}, /* too many lives ago to tell */
    {{103, 3, {11, 10, 9}, 3, 2, false}, true},                    /* another leader cut it */
    {{103, 2, {10, 9}, 1, 0, false}, true},                        /* said before all that */
    {{103, 3, {11, 10, 9}, 2, 2, false}, false},
    {{103, 3, {11, 10, 9}, 3, 1, false}, false},
    {{103, 3, {11, 10, 9}, 1, 3, false}, false},
    {{103, 2, {11, 9}, 2, 3, false}, false}, /* a copy of before its last start */
    {{103, 1, {11}, 2, 3, false}, false},
    {{103, 3, {12, 11, 9}, 2, 3, false}, false}, /* ... started more often */
    {{103, 6, {15, 14, 13, 12, 11, 9}, 9, 99, false}, false},
};

static struct raft *leader_whose_peer_went(void)
{
    struct raft *raft = leader(5);
    uint64_t index;
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 0, NULL, &index) && index == 3);
    sync_all();
    ck_assert(raft_peer_up(raft, 3, &had));
    acknowledge(raft, 2, 2);
    acknowledge(raft, 3, 3);
    ck_assert_uint_eq(raft_commit(raft), 2);
    raft_peer_down(raft, 3);
    return raft;
}

START_TEST(a_peer_that_comes_back_with_less_does_not_count)
{
    struct raft *raft = leader_whose_peer_went();
    ck_assert(raft_peer_up(raft, 3, &returns[_i].found) == returns[_i].holds);
    ck_assert(raft_peer_counts(raft, 3) == returns[_i].holds);
    /* Once told it says so itself. */
    struct raft_directory later = returns[_i].found;
    later.rolled_back = !returns[_i].holds;
    raft_peer_down(raft, 3);
    (void)raft_peer_up(raft, 3, &later);
    ck_assert(raft_peer_counts(raft, 3) == returns[_i].holds);
    replica_close(&replica);
}
END_TEST

/* It follows as a learner: the leader must not hold on to what the process before it had, or it would take each refusal
 * for an old one. And what it then acknowledges is nothing to hold against the right directory. */
START_TEST(a_copy_is_sent_the_log_and_leaves_no_trace)
{
    struct raft *raft = leader_whose_peer_went();
    struct raft_peer_view view;
    struct raft_directory copy = {103, 2, {11, 9}, 1, 1, _i == 1 /* told before, by another node */};
    const struct raft_directory right = {103, 3, {12, 10, 9}, 2, 3, false};
    uint64_t index;
    ck_assert(raft_peer(raft, 3, &view) && view.match == 3);
    ck_assert(raft_peer_up(raft, 3, &copy) == copy.rolled_back);
    ck_assert(raft_peer(raft, 3, &view) && view.match == 0 && !view.voter);
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 0, NULL, &index) && index == 4);
    sync_all();
    acknowledge(raft, 2, 4);
    acknowledge(raft, 4, 4);
    acknowledge(raft, 3, 4);
    ck_assert_uint_eq(raft_commit(raft), 4);
    raft_peer_down(raft, 3);
    ck_assert(raft_peer_up(raft, 3, &right));
    ck_assert(raft_peer_counts(raft, 3));
    replica_close(&replica);
}
END_TEST

/* What a process said arrives when its successor has been met: on a connection that is dead, it was no copy. A node
 * that was held up called such a member an older copy. */
START_TEST(a_late_word_of_an_earlier_process_takes_no_vote_from_the_next)
{
    struct raft *raft = leader_whose_peer_went();
    struct raft_directory next = {103, 4, {12, 11, 10, 9}, 2, 3, false};
    const struct raft_directory earlier = {103, 3, {11, 10, 9}, 2, 3, false};
    struct raft_peer_view view;
    ck_assert(raft_peer_up(raft, 3, &next));
    acknowledge(raft, 3, 3);
    raft_peer_down(raft, 3);
    ck_assert(raft_peer_up(raft, 3, &earlier));
    ck_assert(raft_peer_counts(raft, 3));
    ck_assert(raft_peer(raft, 3, &view) && view.match == 3);
    raft_peer_down(raft, 3);
    ck_assert(raft_peer_up(raft, 3, &next));
    ck_assert(raft_peer_counts(raft, 3));
    next = (struct raft_directory){103, 5, {13, 12, 11, 10, 9}, 2, 3, false};
    ck_assert(raft_peer_up(raft, 3, &next));
    ck_assert(raft_peer_counts(raft, 3));
    replica_close(&replica);
}
END_TEST

/* What the leader knows of a stranger's log says nothing of the member's, which comes back to its place. */
START_TEST(a_stranger_in_between_does_not_make_the_member_an_older_copy)
{
    struct raft *raft = leader_whose_peer_went();
    const struct raft_directory back = returns[0].found;
    uint64_t index;
    replica_meet(raft, 3, 999);
    ck_assert(!raft_peer_counts(raft, 3));
    ck_assert(raft_propose(raft, RAFT_ENTRY_COMMAND, 0, NULL, &index));
    sync_all();
    acknowledge(raft, 3, index);
    raft_peer_down(raft, 3);
    ck_assert(raft_peer_up(raft, 3, &back));
    ck_assert(raft_peer_counts(raft, 3));
    /* And what the member once had is not forgotten over the stranger. */
    const struct raft_directory copy = {103, 3, {14, 10, 9}, 2, 3, false};
    replica_meet(raft, 3, 999);
    raft_peer_down(raft, 3);
    ck_assert(!raft_peer_up(raft, 3, &copy));
    ck_assert(!raft_peer_counts(raft, 3));
    replica_close(&replica);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raft/members");
    TCase *tests = tcase_create("members");
    tcase_add_test(tests, a_configuration_counts_from_when_it_is_appended);
    tcase_add_test(tests, a_peer_with_another_disk_starts_from_nothing);
    tcase_add_test(tests, any_number_of_strangers_may_call);
    tcase_add_test(tests, a_message_whose_entries_went_is_lost);
    tcase_add_test(tests, what_waits_to_be_sent_is_bounded);
    tcase_add_test(tests, bytes_of_the_log);
    tcase_add_test(tests, times_never_fall);
    tcase_add_loop_test(tests, a_peer_that_comes_back_with_less_does_not_count, 0,
                        (int)(sizeof returns / sizeof *returns));
    tcase_add_loop_test(tests, a_copy_is_sent_the_log_and_leaves_no_trace, 0, 2);
    tcase_add_test(tests, a_late_word_of_an_earlier_process_takes_no_vote_from_the_next);
    tcase_add_test(tests, a_stranger_in_between_does_not_make_the_member_an_older_copy);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
