/* Messages that no peer of sense sends, or that mean less than they seem to: a raft ignores them. */
#include <string.h>

#include "raft/raft.h"
#include "support/check.h"
#include "support/replica.h"

static struct replica replica;
static struct raft_configuration configuration;

/* Node 1 of three, in term 3, with the entries 1@1, 2@2, 3@3 and 4@3, of which two are committed. Its leader is 2. */
static struct raft *follower(void)
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
    replica_configuration(&configuration, 3);
    replica_init(&replica, &options);
    replica_start(&replica, 1000);
    raft_bootstrap(replica.raft, &configuration, 0);
    struct raft_entry entries[] = {
        {.index = 2, .term = 2, .time_ms = 5, .type = RAFT_ENTRY_NOOP},
        {.index = 3, .term = 3, .time_ms = 5, .type = RAFT_ENTRY_NOOP},
        {.index = 4, .term = 3, .time_ms = 9, .type = RAFT_ENTRY_NOOP},
    };
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 3, .index = 1, .log_term = 1, .commit = 2, .round = 1,
        .entry_count = 3, .entries = entries,
    };
    raft_step(replica.raft, &message);
    while (replica_take_writes(&replica, 1000))
        replica_sync(&replica);
    raft_flush(replica.raft);
    ck_assert(replica_take_message(&replica, &message));
    ck_assert_uint_eq(message.match, 4);
    return replica.raft;
}

/* Node 1 as the leader of term 4, with 2 and 3 up to date. */
static struct raft *leader(void)
{
    struct raft *raft = follower();
    struct raft_message message = {.type = RAFT_TIMEOUT_NOW, .from = 2, .to = 1, .term = 3};
    raft_step(raft, &message);
    while (replica_take_writes(&replica, 1000))
        replica_sync(&replica);
    message = (struct raft_message){.type = RAFT_VOTE_REPLY, .from = 2, .to = 1, .term = 4, .ok = true};
    raft_step(raft, &message);
    ck_assert_int_eq(raft_role(raft), RAFT_LEADER);
    while (replica_take_writes(&replica, 1000))
        replica_sync(&replica);
    raft_flush(raft);
    while (replica_take_message(&replica, &message))
        continue;
    return raft;
}

static void finish(void)
{
    replica_close(&replica);
}

static bool answers(struct raft *raft)
{
    struct raft_message message;
    raft_flush(raft);
    return replica_take_message(&replica, &message);
}

/* --- followers -------------------------------------------------------------------------------------------------- */

START_TEST(commit_goes_no_further_than_what_was_confirmed)
{
    struct raft *raft = follower();
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 3, .index = 3, .log_term = 3, .commit = 100};
    raft_step(raft, &message);
    ck_assert_msg(raft_commit(raft) == 3, "its own log is longer, but nothing was said of 4");
    message.index = 2;
    message.log_term = 2;
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_commit(raft), 3);
    finish();
}
END_TEST

static void ignored(const struct raft_entry *entries, uint32_t count, uint64_t index, uint64_t log_term)
{
    struct raft *raft = replica.raft;
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 3, .index = index, .log_term = log_term, .commit = 4,
        .entry_count = count, .entries = entries,
    };
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_last_index(raft), 4);
    ck_assert_uint_eq(raft_term_at(raft, 4), 3);
    ck_assert_uint_eq(raft_commit(raft), 2);
}

START_TEST(impossible_entries)
{
    struct raft *raft = follower();
    struct raft_entry gap[] = {{.index = 5, .term = 3, .time_ms = 9, .type = 1},
                               {.index = 7, .term = 3, .time_ms = 9, .type = 1}};
    ignored(gap, 2, 4, 3);
    struct raft_entry early[] = {{.index = 4, .term = 3, .time_ms = 9, .type = 1}};
    ignored(early, 1, 4, 3);
    struct raft_entry falling[] = {{.index = 5, .term = 2, .time_ms = 9, .type = 1}};
    ignored(falling, 1, 4, 3);
    struct raft_entry late[] = {{.index = 5, .term = 4, .time_ms = 9, .type = 1}};
    ignored(late, 1, 4, 3);
    struct raft_entry untyped[] = {{.index = 5, .term = 3, .time_ms = 9, .type = 0}};
    ignored(untyped, 1, 4, 3);
    struct raft_entry backwards[] = {{.index = 5, .term = 3, .time_ms = 9, .type = 1},
                                     {.index = 6, .term = 3, .time_ms = 8, .type = 1}};
    ignored(backwards, 2, 4, 3);
    struct raft_entry empty[] = {{.index = 5, .term = 3, .time_ms = 9, .type = RAFT_ENTRY_CONFIGURATION}};
    ignored(empty, 1, 4, 3);
    struct blob *bad = blob_new(3);
    memset(bad->bytes, 1, 3);
    empty[0].payload = bad;
    ignored(empty, 1, 4, 3);
    ck_assert_uint_eq(bad->references, 1);
    blob_release(bad);
    ignored(NULL, 0, 0, 1);
    ignored(NULL, 0, 4, 0);
    ignored(NULL, 0, 4, 4);
    ck_assert_uint_eq(raft_durable_index(raft), 4);
    finish();
}
END_TEST

START_TEST(what_is_agreed_is_not_undone)
{
    follower();
    /* Committed: 2@2. Agreed on with this term's leader: 3@3 and 4@3. */
    struct raft_entry committed[] = {{.index = 2, .term = 3, .time_ms = 9, .type = 1}};
    ignored(committed, 1, 1, 1);
    struct raft_entry agreed[] = {{.index = 3, .term = 2, .time_ms = 9, .type = 1}};
    ignored(agreed, 1, 2, 2);
    finish();
}
END_TEST

START_TEST(a_type_of_the_future_is_stored)
{
    struct raft *raft = follower();
    struct raft_entry entries[] = {{.index = 5, .term = 3, .time_ms = 9, .type = 200}};
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 3, .index = 4, .log_term = 3, .entry_count = 1,
        .entries = entries,
    };
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_last_index(raft), 5);
    ck_assert_uint_eq(raft_entry(raft, 5)->type, 200);
    finish();
}
END_TEST

START_TEST(a_second_leader_of_one_term)
{
    struct raft *raft = follower();
    struct raft_entry entries[] = {{.index = 5, .term = 3, .time_ms = 9, .type = 1}};
    struct raft_message message = {
        .type = RAFT_APPEND, .from = 3, .to = 1, .term = 3, .index = 4, .log_term = 3, .round = 9, .entry_count = 1,
        .entries = entries,
    };
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_leader(raft), 2);
    ck_assert_uint_eq(raft_last_index(raft), 4);
    ck_assert(!answers(raft));
    finish();
}
END_TEST

START_TEST(wrong_addresses)
{
    struct raft *raft = follower();
    struct raft_message message = {.type = RAFT_APPEND, .from = 2, .to = 3, .term = 9, .round = 9};
    raft_step(raft, &message);
    message.from = 1;
    message.to = 1;
    raft_step(raft, &message);
    message.from = 0;
    raft_step(raft, &message);
    message.from = 2;
    message.term = 0;
    raft_step(raft, &message);
    message.term = 9;
    message.type = RAFT_MESSAGE_TYPE_END;
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_term(raft), 3);
    ck_assert(!answers(raft));
    finish();
}
END_TEST

START_TEST(strangers_get_no_vote)
{
    struct raft *raft = follower();
    raft_peer_down(raft, 2); /* its leader is gone: it would vote */
    struct raft_message message = {.type = RAFT_VOTE, .from = 9, .to = 1, .term = 9, .index = 9, .log_term = 9};
    raft_step(raft, &message);
    message.type = RAFT_PREVOTE;
    raft_step(raft, &message);
    message.from = 3;
    replica_meet(raft, 3, 999); /* its disk is another one */
    raft_step(raft, &message);
    ck_assert_uint_eq(raft_term(raft), 3);
    ck_assert(!answers(raft));
    replica_meet(raft, 3, 103);
    raft_step(raft, &message);
    ck_assert(answers(raft));
    finish();
}
END_TEST

START_TEST(old_snapshots)
{
    struct raft *raft = follower();
    ck_assert(!raft_restore(raft, 1, 1, &configuration));
    ck_assert(!raft_restore(raft, 2, 2, &configuration));
    ck_assert_uint_eq(raft_first_index(raft), 1);
    ck_assert(raft_restore(raft, 3, 3, &configuration));
    ck_assert_uint_eq(raft_first_index(raft), 4);
    ck_assert_uint_eq(raft_last_index(raft), 4);
    finish();
}
END_TEST

/* --- candidates ------------------------------------------------------------------------------------------------- */

START_TEST(a_yes_to_a_prevote_is_no_vote)
{
    struct raft *raft = follower();
    struct raft_message message = {.type = RAFT_TIMEOUT_NOW, .from = 2, .to = 1, .term = 3};
    raft_step(raft, &message);
    while (replica_take_writes(&replica, 1000))
        replica_sync(&replica);
    ck_assert_int_eq(raft_role(raft), RAFT_CANDIDATE);
    for (uint64_t term = 3; term <= 5; term++) {
        message = (struct raft_message){.type = RAFT_PREVOTE_REPLY, .from = 2, .to = 1, .term = term, .ok = true};
        raft_step(raft, &message);
    }
    message = (struct raft_message){.type = RAFT_VOTE_REPLY, .from = 2, .to = 1, .term = 3, .ok = true};
    raft_step(raft, &message);
    message.term = 4;
    message.from = 9;
    raft_step(raft, &message);
    ck_assert_int_eq(raft_role(raft), RAFT_CANDIDATE);
    ck_assert_uint_eq(raft_term(raft), 4);
    message.from = 3;
    raft_step(raft, &message);
    ck_assert_int_eq(raft_role(raft), RAFT_LEADER);
    finish();
}
END_TEST

START_TEST(only_the_leader_says_when_to_campaign)
{
    struct raft *raft = follower();
    struct raft_message message = {.type = RAFT_TIMEOUT_NOW, .from = 3, .to = 1, .term = 3};
    raft_step(raft, &message);
    message.from = 2;
    message.term = 2;
    raft_step(raft, &message);
    ck_assert_int_eq(raft_role(raft), RAFT_FOLLOWER);
    finish();
}
END_TEST

/* --- leaders ---------------------------------------------------------------------------------------------------- */

START_TEST(answers_that_no_follower_gives)
{
    struct raft *raft = leader();
    uint64_t last = raft_last_index(raft);
    struct raft_peer_view before;
    struct raft_peer_view after;
    ck_assert(raft_peer(raft, 3, &before));
    struct raft_message reply = {.type = RAFT_APPEND_REPLY, .from = 3, .to = 1, .term = 4, .ok = true};
    reply.match = reply.index = last + 1;
    raft_step(raft, &reply);
    reply.match = reply.index = last;
    reply.round = 1000;
    raft_step(raft, &reply);
    reply.round = 0;
    reply.term = 3;
    raft_step(raft, &reply);
    reply.term = 4;
    reply.from = 9;
    raft_step(raft, &reply);
    ck_assert(raft_peer(raft, 3, &after));
    ck_assert_uint_eq(after.match, before.match);
    ck_assert_uint_eq(after.next, before.next);
    ck_assert_uint_lt(raft_commit(raft), last);
    finish();
}
END_TEST

START_TEST(late_and_repeated_answers_change_nothing)
{
    struct raft *raft = leader();
    uint64_t last = raft_last_index(raft);
    struct raft_message reply = {
        .type = RAFT_APPEND_REPLY, .from = 3, .to = 1, .term = 4, .ok = true, .match = last, .index = last};
    raft_step(raft, &reply);
    ck_assert_uint_eq(raft_commit(raft), last);
    struct raft_peer_view view;
    struct raft_message late = reply;
    late.match = late.index = 2;
    raft_step(raft, &late);
    late = (struct raft_message){
        .type = RAFT_APPEND_REPLY, .from = 3, .to = 1, .term = 4, .index = last, .match = 1, .log_term = 1};
    raft_step(raft, &late); /* a refusal of what it has by now */
    late.index = 2;
    raft_step(raft, &late);
    raft_step(raft, &reply);
    ck_assert(raft_peer(raft, 3, &view));
    ck_assert_uint_eq(view.match, last);
    ck_assert_uint_eq(view.next, last + 1);
    ck_assert_int_eq(view.state, RAFT_PEER_REPLICATE);
    finish();
}
END_TEST

START_TEST(an_append_to_the_leader)
{
    struct raft *raft = leader();
    struct raft_message message = {.type = RAFT_APPEND, .from = 2, .to = 1, .term = 4, .index = 2, .log_term = 2};
    raft_step(raft, &message);
    ck_assert_int_eq(raft_role(raft), RAFT_LEADER);
    ck_assert(!answers(raft));
    finish();
}
END_TEST

START_TEST(reads_of_strangers)
{
    struct raft *raft = leader();
    struct raft_message message = {.type = RAFT_READ, .from = 9, .to = 1, .term = 4, .round = 1};
    raft_step(raft, &message);
    message = (struct raft_message){
        .type = RAFT_READ_REPLY, .from = 2, .to = 1, .term = 4, .ok = true, .round = 1, .match = 3};
    raft_step(raft, &message);
    uint64_t id;
    uint64_t index;
    ck_assert(!raft_take_read(raft, &id, &index));
    ck_assert(!answers(raft));
    finish();
}
END_TEST

START_TEST(no_more_reads_than_there_is_room_for)
{
    struct raft *raft = leader();
    for (uint64_t id = 1; id <= RAFT_READS_MAX; id++)
        ck_assert(raft_read(raft, id));
    ck_assert(!raft_read(raft, RAFT_READS_MAX + 1));
    struct raft_message message = {.type = RAFT_READ, .from = 3, .to = 1, .term = 4, .round = 1};
    raft_step(raft, &message);
    raft_flush(raft);
    uint64_t last = raft_last_index(raft);
    struct raft_message reply = {.type = RAFT_APPEND_REPLY, .from = 3, .to = 1, .term = 4, .ok = true, .round = 2};
    reply.match = reply.index = last;
    raft_step(raft, &reply);
    uint64_t id;
    uint64_t index;
    for (uint64_t expected = 1; expected <= RAFT_READS_MAX; expected++) {
        ck_assert(raft_take_read(raft, &id, &index));
        ck_assert_uint_eq(id, expected);
        ck_assert_uint_eq(index, last);
    }
    ck_assert(!raft_take_read(raft, &id, &index));
    ck_assert(raft_read(raft, RAFT_READS_MAX + 1));
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raft/strange");
    TCase *tests = tcase_create("strange");
    tcase_add_test(tests, commit_goes_no_further_than_what_was_confirmed);
    tcase_add_test(tests, impossible_entries);
    tcase_add_test(tests, what_is_agreed_is_not_undone);
    tcase_add_test(tests, a_type_of_the_future_is_stored);
    tcase_add_test(tests, a_second_leader_of_one_term);
    tcase_add_test(tests, wrong_addresses);
    tcase_add_test(tests, strangers_get_no_vote);
    tcase_add_test(tests, old_snapshots);
    tcase_add_test(tests, a_yes_to_a_prevote_is_no_vote);
    tcase_add_test(tests, only_the_leader_says_when_to_campaign);
    tcase_add_test(tests, answers_that_no_follower_gives);
    tcase_add_test(tests, late_and_repeated_answers_change_nothing);
    tcase_add_test(tests, an_append_to_the_leader);
    tcase_add_test(tests, reads_of_strangers);
    tcase_add_test(tests, no_more_reads_than_there_is_room_for);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
