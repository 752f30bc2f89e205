/* One id, one process: who is let in where two say that they are node 2; and who came back with less than it had. */
#include "node/handover.h"
#include "solo.h"
#include "three.h"

static struct node_link *linked(void)
{
    return peers_link(parts.peers, 2, NODE_LINK_CONSENSUS);
}

/* What waits on LINK to be sent ends in a REFUSED. */
static bool is_told(struct node_link *link)
{
    uint8_t bytes[4096];
    size_t size = node_link_output_bytes(link);
    bool told = false;
    ck_assert_uint_le(size, sizeof bytes);
    for (size_t used = 0; used < size;) {
        struct iovec piece;
        ck_assert_uint_eq(node_link_peek(link, &piece, 1), 1);
        memcpy(bytes + used, piece.iov_base, piece.iov_len);
        used += piece.iov_len;
        node_link_consume(link, piece.iov_len);
    }
    for (size_t at = 0; at < size;) {
        struct frame frame;
        long length = frame_parse(bytes + at, size - at, &frame);
        ck_assert_int_gt(length, 0);
        at += (size_t)length;
        told = frame.type == FRAME_REFUSED && frame.body[0] == FRAME_REFUSAL_DUPLICATE;
    }
    return told;
}

/* Node 2 is called by node 3 at once, by node 1 when it has not called for a while, and by none where it is linked. */
START_TEST(who_is_linked_is_not_called)
{
    ck_assert(!node_calls(node, 2, NODE_LINK_CONSENSUS));
    now_ms += NODE_CALL_MS;
    turn(true);
    ck_assert(node_calls(node, 2, NODE_LINK_CONSENSUS));
    struct node_link *link = call(MEMBER, 1, 1000, 1);
    /* The one with the higher id, too. */
    for (uint32_t own = 1; own <= 3; own += 2) {
        parts.env->options.id = own;
        ck_assert(!node_calls(node, 2, NODE_LINK_CONSENSUS));
        ck_assert(node_calls(node, 2, NODE_LINK_BULK)); /* that kind is not up */
    }
    parts.env->options.id = 1;
    node_link_close(node, link);
    ck_assert(!node_calls(node, 2, NODE_LINK_CONSENSUS));
    parts.env->options.id = 3;
    ck_assert(node_calls(node, 2, NODE_LINK_CONSENSUS));
    parts.env->options.id = 1;
}
END_TEST

START_TEST(who_is_linked_stays)
{
    static const struct {
        uint64_t incarnation, life;
    } others[] = {
        {MEMBER, 1}, {MEMBER, 2}, {MEMBER, 9}, /* a copied directory, however often it was started */
        {STRANGER, 1},                         /* an empty directory under the same --id */
    };
    struct node_link *first = call(MEMBER, 2, 1000, 1);
    ck_assert_ptr_eq(linked(), first);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct node_link *second = call(others[i].incarnation, others[i].life, 2000 + i, 1);
        ck_assert(node_link_ends(second) && !node_link_ends(first) && is_told(second));
        ck_assert_ptr_eq(linked(), first);
        node_link_close(node, second);
        turn(true);
        ck_assert_ptr_eq(linked(), first);
    }
    ck_assert_int_eq(said("event=link_refused peer=2 address=h:1 reason=\"another process runs with its --id"), 1);
    ck_assert(raft_peer_counts(parts.raft, 2));
}
END_TEST

START_TEST(the_members_own_directory_wins)
{
    struct node_link *stranger = call(STRANGER, 1, 1000, 0);
    ck_assert_ptr_eq(linked(), stranger);
    ck_assert(!raft_peer_counts(parts.raft, 2));
    struct node_link *member = call(MEMBER, 1, 2000, 1);
    ck_assert(node_link_ends(stranger) && is_told(stranger));
    ck_assert(!node_link_ends(member));
    node_link_close(node, stranger);
    ck_assert_ptr_eq(linked(), member);
    ck_assert(raft_peer_counts(parts.raft, 2));
}
END_TEST

START_TEST(a_process_that_calls_again_is_let_in)
{
    struct node_link *older = call(MEMBER, 1, 1000, 1);
    struct node_link *newer = call(MEMBER, 1, 1000, 1);
    ck_assert(node_link_ends(older) && !node_link_ends(newer) && !is_told(older));
    ck_assert_ptr_eq(linked(), newer);
}
END_TEST

START_TEST(a_restarted_process_is_let_in_when_the_old_connection_is_gone)
{
    struct node_link *older = call(MEMBER, 1, 1000, 1);
    struct node_link *newer = call(MEMBER, 2, 1001, 1);
    size_t asked = node_link_output_bytes(older);
    ck_assert(node_link_ends(newer));
    ck_assert_uint_gt(asked, 0); /* a dead connection is found out by what is sent on it */
    node_link_close(node, newer);
    node_link_close(node, older);
    newer = call(MEMBER, 2, 1001, 1);
    ck_assert_ptr_eq(linked(), newer);
    ck_assert(raft_peer_counts(parts.raft, 2));
}
END_TEST

static struct node_link *call_knowing(uint16_t level)
{
    stranger_level = level;
    struct node_link *link = call(MEMBER, 1, 1000, 1);
    stranger_level = LEVEL_KNOWN;
    return link;
}

/* Who cannot follow the log would end at its first entry that it cannot read: it is told before. */
START_TEST(who_knows_less_than_the_clusters_level_is_not_let_in)
{
    parts.env->levels.reached = 5;
    struct node_link *older = call_knowing(4);
    ck_assert(node_link_ends(older));
    ck_assert_ptr_null(linked());
    ck_assert_int_eq(said("event=link_refused peer=2 address=h:1 reason=\"the cluster runs at a level that its version "
                          "does not know: run the newest cleatd on all nodes\""), 1);
    node_link_close(node, older);
    for (uint16_t level = 5; level <= 6; level++) {
        struct node_link *link = call_knowing(level);
        ck_assert(!node_link_ends(link));
        ck_assert_ptr_eq(linked(), link);
        node_link_close(node, link);
    }
    parts.env->levels.reached = LEVEL_BASE;
}
END_TEST

START_TEST(there_is_no_level_0)
{
    struct node_link *link = call_knowing(0);
    ck_assert(node_link_ends(link));
    ck_assert_ptr_null(linked());
}
END_TEST

/* What a member knows is known while it is linked, and no longer: it may come back as another version. */
START_TEST(what_members_know_is_as_they_say_it)
{
    turn(true);
    const struct levels *levels = &parts.env->levels;
    ck_assert_uint_eq(levels->count, 3);
    ck_assert(levels->members[0].id == 1 && levels->members[0].known == LEVEL_KNOWN);
    ck_assert(levels->members[1].id == 2 && levels->members[1].known == 0);
    struct node_link *link = call_knowing(7);
    turn(true);
    ck_assert(levels->members[1].id == 2 && levels->members[1].known == 7);
    ck_assert(levels->members[2].id == 3 && levels->members[2].known == 0);
    node_link_close(node, link);
    turn(true);
    ck_assert_uint_eq(levels->members[1].known, 0);
}
END_TEST

/* What node 2 is known to have had: its second start, and what it says of itself when it is there again. */
START_TEST(an_older_copy_does_not_count)
{
    static const struct {
        uint64_t life, process; /* call() gives the lives before the numbers before that */
        bool counts;
    } returns[] = {
        {3, 1001, true},
        {2, 1000, true},  /* the same process, on another connection */
        {2, 2000, false}, /* a copy of before its start, started */
        {3, 2000, false}, /* ... twice */
        {1, 2000, false}, /* of before that */
    };
    for (size_t i = 0; i < sizeof returns / sizeof *returns; i++) {
        struct node_link *link = call(MEMBER, 2, 1000, 1);
        node_link_close(node, link);
        link = call(MEMBER, returns[i].life, returns[i].process, 1);
        ck_assert(!node_link_ends(link));
        ck_assert(raft_peer_counts(parts.raft, 2) == returns[i].counts);
        ck_assert_int_eq(said("event=peer_rolled_back peer=2"), !returns[i].counts);
        teardown();
        begin();
    }
}
END_TEST

START_TEST(a_node_that_is_told_does_not_vote_nor_after_a_restart)
{
    struct node_link *link = call(MEMBER, 1, 1000, 1);
    struct chain body = {0};
    uint8_t state[17] = {[16] = FRAME_STATE_ROOM | FRAME_STATE_PEER_ROLLED_BACK};
    ck_assert(raft_is_voter(parts.raft));
    chain_append(&body, state, sizeof state);
    hear(link, FRAME_STATE, &body);
    ck_assert(!raft_is_voter(parts.raft));
    ck_assert_int_eq(said("event=rolled_back peer=2 reason=\"an older copy"), 1);
    turn(true);
    stop();
    start();
    ck_assert(!raft_is_voter(parts.raft));
    struct buffer status = {0};
    facts_status(node_all(node), &status);
    buffer_append_u8(&status, '\0');
    ck_assert_ptr_nonnull(strstr((char *)buffer_start(&status), "role=learner\r\nlearner_reason=an older copy"));
    buffer_close(&status);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node/hello");
    TCase *tests = tcase_create("hello");
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, who_is_linked_is_not_called);
    tcase_add_test(tests, who_is_linked_stays);
    tcase_add_test(tests, the_members_own_directory_wins);
    tcase_add_test(tests, a_process_that_calls_again_is_let_in);
    tcase_add_test(tests, a_restarted_process_is_let_in_when_the_old_connection_is_gone);
    tcase_add_test(tests, who_knows_less_than_the_clusters_level_is_not_let_in);
    tcase_add_test(tests, there_is_no_level_0);
    tcase_add_test(tests, what_members_know_is_as_they_say_it);
    tcase_add_test(tests, an_older_copy_does_not_count);
    tcase_add_test(tests, a_node_that_is_told_does_not_vote_nor_after_a_restart);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
