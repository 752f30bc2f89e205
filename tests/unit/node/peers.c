/* Who is a peer, by id; and what comes in from one, and for whom it is. */
#include "solo.h"
#include "three.h"

/* Node 2 calls for a link for bulk. */
static struct node_link *call_bulk(void)
{
    struct node_link *link = called_from("h:1");
    const struct hello hello = {.format = FRAME_FORMAT, .kind = NODE_LINK_BULK, .from = 2, .to = 1, .cluster_id = 7,
                                .incarnation = MEMBER, .life = 1, .processes = {1000}};
    say(link, &hello);
    ck_assert_ptr_eq(peers_link(parts.peers, 2, NODE_LINK_BULK), link);
    return link;
}

static void hear_offer(struct node_link *link, uint64_t index)
{
    struct chain body = {0};
    uint8_t *bytes = chain_reserve(&body, 24);
    bytes_put_u64(bytes, index);
    bytes_put_u64(bytes + 8, 1);
    bytes_put_u64(bytes + 16, 5000);
    hear(link, FRAME_OFFER, &body);
}

/* A voter's log begins when its identity is on the disk. One that had a snapshot by then once stopped, by a bug. */
START_TEST(no_snapshot_is_taken_before_the_cluster_is_on_the_disk)
{
    struct node_link *link = call_bulk();
    parts.peers->identity.due = true;
    hear_offer(link, 1000);
    ck_assert(!receive_busy(&parts.transfers->receiving));
    parts.peers->identity.due = false;
    parts.peers->identity.busy = true;
    hear_offer(link, 1000);
    ck_assert(!receive_busy(&parts.transfers->receiving));
    parts.peers->identity.busy = false;
    hear_offer(link, 1000);
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_BEGIN);
    ck_assert_uint_eq(parts.transfers->receiving.peer, 2);
}
END_TEST

/* What travels on it ends with it; what ended is heard of once. */
START_TEST(a_link_for_bulk_that_ends_takes_its_transfer_with_it)
{
    struct node_link *consensus = call(MEMBER, 1, 1000, 1), *link = call_bulk();
    hear_offer(link, 1000);
    for (int i = 0; i < 10 && parts.transfers->receiving.state != RECEIVE_WAIT; i++)
        turn(true);
    ck_assert_int_eq(parts.transfers->receiving.state, RECEIVE_WAIT);
    node_link_close(node, link);
    ck_assert(!receive_busy(&parts.transfers->receiving));
    ck_assert_uint_eq(parts.peers->lost_count, 0);
    ck_assert_int_eq(said("event=link_down peer=2 kind=bulk"), 1);
    ck_assert_ptr_eq(peers_link(parts.peers, 2, NODE_LINK_CONSENSUS), consensus);
}
END_TEST

/* Its answers go to whom they are for, and nowhere where there is no link. */
START_TEST(what_a_transfer_says_goes_on_its_link)
{
    struct node_link *link = call_bulk();
    size_t size = node_link_output_bytes(link);
    hear_offer(link, raft_commit(parts.raft)); /* what it holds is here already */
    ck_assert_uint_eq(node_link_output_bytes(link) - size, FRAME_HEADER_SIZE + 17);
    struct chain body = {0};
    chain_append(&body, "x", 1);
    peers_send(parts.peers, 3, FRAME_TAKEN, &body); /* not linked */
    ck_assert_uint_eq(body.size, 0);
    ck_assert_uint_eq(node_link_output_bytes(link) - size, FRAME_HEADER_SIZE + 17);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peers");
    TCase *tests = tcase_create("peers");
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, no_snapshot_is_taken_before_the_cluster_is_on_the_disk);
    tcase_add_test(tests, a_link_for_bulk_that_ends_takes_its_transfer_with_it);
    tcase_add_test(tests, what_a_transfer_says_goes_on_its_link);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
