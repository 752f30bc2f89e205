/* What a node is told to make durable, and what it may send before that. */
#include <string.h>

#include "raft/raft.h"
#include "support/check.h"
#include "support/replica.h"

static struct raft_configuration configuration;

static struct raft *open_node(uint32_t count, struct raft_start *start)
{
    struct raft_options options = {
        .id = 1,
        .incarnation = 101,
        .election_min_ms = 150,
        .election_max_ms = 300,
        .heartbeat_ms = 30,
        .gone_min_ms = 5,
        .gone_max_ms = 30,
        .append_bytes_max = 1000,
        .inflight_bytes_max = 10000,
        .inflight_count_max = 10,
        .seed = 1,
    };
    replica_configuration(&configuration, count);
    start->configuration = configuration;
    struct raft *raft = raft_open(&options, start);
    raft_begin(raft, 1000);
    return raft;
}

static void append(struct raft *raft, uint64_t term, uint64_t previous, uint64_t previous_term, uint32_t count)
{
    struct raft_entry entries[20];
    ck_assert_uint_le(count, 20);
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (struct raft_entry){.index = previous + 1 + i, .term = term, .type = RAFT_ENTRY_NOOP};
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = term, .index = previous, .log_term = previous_term};
    message.entry_count = count;
    message.entries = entries;
    message.round = term; /* a new one each time a test makes a new term */
    raft_step(raft, &message);
    raft_flush(raft);
}

START_TEST(a_leader_of_one_needs_its_vote_then_its_entry)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(1, &start);
    struct raft_writes writes;
    ck_assert_int_eq(raft_role(raft), RAFT_CANDIDATE);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.vote);
    ck_assert_uint_eq(writes.term, 2);
    ck_assert_uint_eq(writes.voted_for, 1);
    ck_assert_uint_lt(writes.last, writes.first);
    ck_assert_msg(!raft_take_writes(raft, 1000, &writes), "one batch at a time");
    raft_written(raft);
    ck_assert_int_eq(raft_role(raft), RAFT_LEADER);
    ck_assert(raft_read(raft, 7));
    ck_assert_uint_eq(raft_commit(raft), 0);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(!writes.vote);
    ck_assert_uint_eq(writes.first, 1);
    ck_assert_uint_eq(writes.last, 1);
    uint64_t id;
    uint64_t index;
    ck_assert_msg(!raft_take_read(raft, &id, &index), "its own entry is not committed yet");
    raft_written(raft);
    ck_assert_uint_eq(raft_commit(raft), 1);
    ck_assert(raft_take_read(raft, &id, &index));
    ck_assert_uint_eq(id, 7);
    ck_assert_uint_eq(index, 1);
    ck_assert_msg(raft_deadline_ms(raft) == UINT64_MAX, "nothing to wake up for");
    raft_close(raft);
}
END_TEST

START_TEST(batches_are_of_bounded_size)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(3, &start);
    append(raft, 1, 0, 0, 10);
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 4 * RAFT_ENTRY_OVERHEAD, &writes));
    ck_assert_uint_eq(writes.first, 1);
    ck_assert_uint_eq(writes.last, 4);
    raft_written(raft);
    ck_assert_uint_eq(raft_durable_index(raft), 4);
    ck_assert_msg(raft_take_writes(raft, 1, &writes) && writes.first == 5 && writes.last == 5, "but never empty");
    raft_close(raft);
}
END_TEST

START_TEST(nothing_leaves_before_the_term_is_durable)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(3, &start);
    append(raft, 2, 0, 0, 1);
    struct raft_message message;
    ck_assert(!raft_take_message(raft, &message));
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.vote);
    ck_assert_uint_eq(writes.term, 2);
    ck_assert_uint_eq(writes.voted_for, 0);
    ck_assert(!raft_take_message(raft, &message));
    raft_written(raft);
    raft_flush(raft);
    ck_assert(raft_take_message(raft, &message));
    ck_assert_int_eq(message.type, RAFT_APPEND_REPLY);
    ck_assert_uint_eq(message.match, 1);
    raft_close(raft);
}
END_TEST

START_TEST(a_reply_claims_only_what_is_durable)
{
    struct raft_start start = {.term = 2};
    struct raft *raft = open_node(3, &start);
    append(raft, 2, 0, 0, 3);
    struct raft_message message;
    ck_assert_msg(raft_take_message(raft, &message), "the round is answered at once");
    ck_assert(message.ok);
    ck_assert_uint_eq(message.match, 0);
    ck_assert_uint_eq(message.index, 3);
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 2 * RAFT_ENTRY_OVERHEAD, &writes));
    raft_written(raft);
    raft_flush(raft);
    ck_assert(raft_take_message(raft, &message));
    ck_assert_uint_eq(message.match, 2);
    raft_flush(raft);
    ck_assert_msg(!raft_take_message(raft, &message), "nothing new to say");
    raft_close(raft);
}
END_TEST

/* etcd-io/etcd#14370: what was replaced while it was being written must not be taken for durable. */
START_TEST(what_replaces_a_batch_under_way_is_written_again)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(3, &start);
    append(raft, 1, 0, 0, 5);
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 1000, &writes));
    append(raft, 2, 2, 1, 3); /* 3 .. 5 of term 2, while 3 .. 5 of term 1 are on their way to the disk */
    raft_written(raft);
    ck_assert_uint_eq(raft_durable_index(raft), 2);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.vote);
    ck_assert_uint_eq(writes.first, 3);
    ck_assert_uint_eq(writes.last, 5);
    raft_written(raft);
    ck_assert_uint_eq(raft_durable_index(raft), 5);
    raft_close(raft);
}
END_TEST

START_TEST(a_dropped_log_starts_anew)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(3, &start);
    append(raft, 1, 0, 0, 5);
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(raft_restore(raft, 4, 3, &configuration));
    ck_assert_uint_eq(raft_commit(raft), 4);
    ck_assert_uint_eq(raft_last_index(raft), 4);
    ck_assert_uint_eq(raft_term(raft), 3);
    raft_written(raft);
    ck_assert_uint_eq(raft_durable_index(raft), 4);
    append(raft, 3, 4, 3, 1);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.vote);
    ck_assert(writes.reset);
    ck_assert_uint_eq(writes.reset_index, 4);
    ck_assert_uint_eq(writes.reset_term, 3);
    ck_assert_uint_eq(writes.first, 5);
    ck_assert_uint_eq(writes.last, 5);
    raft_written(raft);
    ck_assert(!raft_take_writes(raft, 1000, &writes));
    raft_close(raft);
}
END_TEST

START_TEST(a_reset_is_written_even_without_entries)
{
    struct raft_start start = {.term = 3};
    struct raft *raft = open_node(3, &start);
    ck_assert(raft_restore(raft, 4, 3, &configuration));
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(!writes.vote);
    ck_assert(writes.reset);
    ck_assert_uint_lt(writes.last, writes.first);
    ck_assert(!raft_restore(raft, 4, 3, &configuration));
    ck_assert(!raft_restore(raft, 2, 3, &configuration));
    raft_close(raft);
}
END_TEST

START_TEST(bootstrap_is_durable_before_anything_leaves)
{
    struct raft_start start = {.term = 0};
    struct raft *raft = open_node(3, &start);
    struct raft_configuration formed;
    replica_configuration(&formed, 3);
    raft_bootstrap(raft, &formed, 0);
    ck_assert_uint_eq(raft_commit(raft), 1);
    struct raft_message ask = {.type = RAFT_PREVOTE, .from = 2, .to = 1, .term = 2, .index = 1, .log_term = 1};
    raft_step(raft, &ask);
    struct raft_message message;
    ck_assert(!raft_take_message(raft, &message));
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.vote);
    ck_assert_uint_eq(writes.term, 1);
    ck_assert_uint_eq(writes.first, 1);
    ck_assert_uint_eq(writes.last, 1);
    raft_written(raft);
    ck_assert(raft_take_message(raft, &message));
    ck_assert_int_eq(message.type, RAFT_PREVOTE_REPLY);
    raft_close(raft);
}
END_TEST

START_TEST(a_snapshot_newer_than_the_vote_record_brings_its_term)
{
    struct raft_start start = {.term = 2, .vote = 3, .base_index = 9, .base_term = 4, .commit = 9};
    struct raft *raft = open_node(3, &start);
    struct raft_writes writes;
    ck_assert_uint_eq(raft_term(raft), 4);
    ck_assert_uint_eq(raft_voted_for(raft), 0);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.vote);
    ck_assert_uint_eq(writes.term, 4);
    raft_close(raft);
}
END_TEST

/* What is not durable stays in memory, whatever the caller thinks. */
START_TEST(compaction_waits_for_the_disk)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(3, &start);
    struct raft_entry entries[2] = {{.index = 1, .term = 1, .type = RAFT_ENTRY_NOOP},
                                    {.index = 2, .term = 1, .type = RAFT_ENTRY_NOOP}};
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 1, .commit = 2, .entry_count = 2, .entries = entries};
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_commit(raft), 2);
    struct raft_writes writes;
    ck_assert(raft_take_writes(raft, RAFT_ENTRY_OVERHEAD, &writes));
    raft_written(raft);
    raft_compact(raft, 2);
    ck_assert_uint_eq(raft_first_index(raft), 2);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert_uint_eq(writes.first, 2);
    raft_written(raft);
    raft_compact(raft, 2);
    ck_assert_uint_eq(raft_first_index(raft), 3);
    raft_close(raft);
}
END_TEST

static void append_committed(struct raft *raft, uint64_t term, uint64_t previous, uint64_t previous_term,
                             uint32_t count, uint64_t commit)
{
    struct raft_entry entries[20];
    for (uint32_t i = 0; i < count; i++)
        entries[i] = (struct raft_entry){.index = previous + 1 + i, .term = term, .type = RAFT_ENTRY_NOOP};
    struct raft_message message = {.type = RAFT_APPEND, .from = 2, .to = 1, .term = term, .index = previous,
                                   .log_term = previous_term, .commit = commit, .entry_count = count,
                                   .entries = entries, .round = term};
    raft_step(raft, &message);
    raft_flush(raft);
}

/* What a later start may take for committed: of what is on the disk, no more, and never what stands in its place. */
START_TEST(what_is_committed_is_said_of_what_was_handed_out)
{
    struct raft_start start = {.term = 1};
    struct raft *raft = open_node(3, &start);
    struct raft_writes writes;
    append_committed(raft, 1, 0, 0, 6, 2);
    ck_assert_uint_eq(raft_commit(raft), 2);
    ck_assert_uint_eq(raft_commit_handed(raft), 0);
    ck_assert(raft_take_writes(raft, RAFT_ENTRY_OVERHEAD, &writes));
    ck_assert_uint_eq(raft_commit_handed(raft), 1); /* a batch of one */
    raft_written(raft);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert_uint_eq(raft_commit_handed(raft), 2);
    raft_written(raft);
    /* Entries 4 to 6 on the disk are not those that are committed. */
    append_committed(raft, 2, 3, 1, 3, 6);
    ck_assert_uint_eq(raft_commit(raft), 6);
    ck_assert_uint_eq(raft_commit_handed(raft), 3);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert_uint_eq(raft_commit_handed(raft), 6);
    raft_written(raft);
    /* A snapshot takes the place of the log: the disk has another one until the reset is handed out. */
    ck_assert(raft_restore(raft, 20, 2, &configuration));
    ck_assert_uint_eq(raft_commit_handed(raft), 0);
    ck_assert(raft_take_writes(raft, 1000, &writes));
    ck_assert(writes.reset);
    ck_assert_uint_eq(raft_commit_handed(raft), 20);
    raft_written(raft);
    raft_close(raft);
}
END_TEST

START_TEST(what_was_committed_is_so_from_the_start)
{
    struct raft_start start = {.term = 3, .base_index = 4, .base_term = 1, .commit = 6};
    struct raft_options options = {.id = 1, .incarnation = 101, .election_min_ms = 150, .election_max_ms = 300,
                                   .heartbeat_ms = 30, .gone_min_ms = 5, .gone_max_ms = 30, .append_bytes_max = 1000,
                                   .inflight_bytes_max = 10000, .inflight_count_max = 10, .seed = 1};
    replica_configuration(&configuration, 3);
    start.configuration = configuration;
    struct raft *raft = raft_open(&options, &start);
    for (uint64_t i = 5; i <= 7; i++)
        raft_load(raft, &(struct raft_entry){.index = i, .term = 3, .type = RAFT_ENTRY_NOOP});
    raft_begin(raft, 1000);
    ck_assert_uint_eq(raft_commit(raft), 6);
    ck_assert_uint_eq(raft_commit_handed(raft), 6);
    /* A new leader's entries take the place of what was not. */
    append_committed(raft, 4, 6, 3, 2, 6);
    ck_assert_uint_eq(raft_commit(raft), 6);
    append_committed(raft, 4, 8, 4, 0, 8);
    ck_assert_uint_eq(raft_commit(raft), 8);
    raft_close(raft);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raft/writes");
    TCase *tests = tcase_create("writes");
    tcase_add_test(tests, a_leader_of_one_needs_its_vote_then_its_entry);
    tcase_add_test(tests, batches_are_of_bounded_size);
    tcase_add_test(tests, nothing_leaves_before_the_term_is_durable);
    tcase_add_test(tests, a_reply_claims_only_what_is_durable);
    tcase_add_test(tests, what_replaces_a_batch_under_way_is_written_again);
    tcase_add_test(tests, a_dropped_log_starts_anew);
    tcase_add_test(tests, a_reset_is_written_even_without_entries);
    tcase_add_test(tests, bootstrap_is_durable_before_anything_leaves);
    tcase_add_test(tests, a_snapshot_newer_than_the_vote_record_brings_its_term);
    tcase_add_test(tests, compaction_waits_for_the_disk);
    tcase_add_test(tests, what_is_committed_is_said_of_what_was_handed_out);
    tcase_add_test(tests, what_was_committed_is_so_from_the_start);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
