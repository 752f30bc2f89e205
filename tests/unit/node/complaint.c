/* What is said of who calls again and again: once, and later how often it was not said. */
#include "solo.h"
#include "stranger.h"

static void call_and_refuse(const char *address, const struct hello *hello)
{
    struct node_link *link = called_from(address);
    say(link, hello);
    ck_assert(node_link_ends(link));
    node_link_close(node, link);
}

/* A node of another cluster was told of 46 times in 3 s, and nothing told where it was. */
START_TEST(a_refused_peer_is_told_once_a_minute_with_its_address)
{
    const struct hello stranger = HELLO(FRAME_FORMAT, NODE_LINK_CONSENSUS, 9, 1, 0);
    for (int i = 0; i < 46; i++) {
        call_and_refuse("10.0.0.9:4711", &stranger);
        turn(true);
    }
    ck_assert_int_eq(said("event=link_refused peer=9 address=10.0.0.9:4711 reason=\"--cluster does not name"), 1);
    ck_assert_int_eq(said("event=link_refused"), 1);
    now_ms += COMPLAINT_AGAIN_MS;
    turn(true);
    call_and_refuse("10.0.0.9:4711", &stranger);
    ck_assert_int_eq(said("event=link_refused peer=9 address=10.0.0.9:4711 left_out=45 reason="), 1);
}
END_TEST

/* Each for its own reason, and what mends it. */
START_TEST(each_refusal_tells_whom_why_and_what_to_do)
{
    static const struct {
        struct hello hello;
        const char *line;
    } cases[] = {
        {HELLO(FRAME_FORMAT + 1, 1, 2, 1, 0), "peer=2 address=h:1 reason=\"it speaks another version"},
        {HELLO(FRAME_FORMAT, 7, 2, 1, 0), "peer=2 address=h:1 reason=\"it wants a kind of link"},
        {HELLO(FRAME_FORMAT, 1, 1, 1, 0), "peer=1 address=h:1 reason=\"it has this node's id: give each node an --id"},
        {HELLO(FRAME_FORMAT, 1, 9, 1, 0), "peer=9 address=h:1 reason=\"--cluster does not name its id: give all"},
        {HELLO(FRAME_FORMAT, 1, 2, 3, 0), "peer=2 address=h:1 reason=\"it looks for another node at this address: "
                                     "correct its --cluster, or this node's --id\" wants=3"},
        {HELLO(FRAME_FORMAT, 1, 3, 1, 8), "peer=3 address=h:1 reason=\"it belongs to another cluster: correct "},
        {HELLO(FRAME_FORMAT, 2, 3, 1, 8), NULL}, /* the same, and no more than that */
    };
    parts.peers->identity.directory.configuration.cluster_id = 7;
    int lines = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call_and_refuse("h:1", &cases[i].hello);
        lines += cases[i].line != NULL;
        ck_assert_int_eq(said("event=link_refused"), lines);
        if (cases[i].line)
            ck_assert_msg(said(cases[i].line) == 1, "%s", cases[i].line);
    }
    parts.peers->identity.directory.configuration.cluster_id = 0;
}
END_TEST

/* Who was called is named by the id and the address that --cluster has, beside what it says it is. */
START_TEST(another_node_at_the_address_that_was_called)
{
    const struct hello other = HELLO(FRAME_FORMAT, NODE_LINK_CONSENSUS, 3, 1, 0);
    for (int i = 0; i < 3; i++) {
        struct node_link *link = node_link_open(node, NULL, NODE_LINK_CONSENSUS, 2);
        say(link, &other);
        ck_assert(node_link_ends(link));
        node_link_close(node, link);
    }
    ck_assert_int_eq(said("event=link_refused peer=2 address=self reason=\"a different node is at this address than "
                          "--cluster says: correct --cluster, or that node's --id\" claims=3\n"), 1);
    ck_assert_int_eq(said("event=link_refused"), 1);
}
END_TEST

/* A client's port, a scanner, somebody who just listens. Once the link was closed without a word. */
START_TEST(who_does_not_speak_as_a_node_is_told_too)
{
    for (int i = 0; i < 3; i++) {
        struct node_link *link = node_link_open(node, NULL, NODE_LINK_CONSENSUS, 2);
        const char *text = "ERR_CMD_ERR unknown verb\r\nERR_CMD_ERR unknown verb\r\n";
        node_link_bytes(node, link, (const uint8_t *)text, strlen(text));
        ck_assert(node_link_ends(link));
        node_link_close(node, link);
    }
    ck_assert_int_eq(said("event=link_refused peer=2 address=self reason=\"it does not speak as a node does"), 1);
    struct node_link *links[3];
    for (int i = 0; i < 3; i++)
        links[i] = called_from("h:2");
    now_ms += LINK_HELLO_TIMEOUT_MS;
    turn(true);
    ck_assert_int_eq(said("event=link_refused address=h:2 reason=\"it has not said in time who it is"), 1);
    turn(true);
    for (int i = 0; i < 3; i++) {
        ck_assert(node_link_ends(links[i]));
        node_link_close(node, links[i]);
    }
    ck_assert_int_eq(said("event=link_refused"), 2);
}
END_TEST

/* One that ends, or has no place for a link, hangs up. */
START_TEST(who_hangs_up_without_a_word_is_told_too)
{
    for (int i = 0; i < 46; i++) {
        struct node_link *link = node_link_open(node, NULL, NODE_LINK_CONSENSUS, 2);
        turn(true);
        node_link_close(node, link);
    }
    ck_assert_int_eq(said("event=refused_by peer=2 address=self reason=\"it hung up without a word: its log may say "
                          "why\"\n"), 1);
    ck_assert_int_eq(said("event=refused_by"), 1);
}
END_TEST

/* Nobody fills the log by being somebody else each time. */
START_TEST(invented_ids_share_one_place)
{
    for (uint32_t id = 100; id < 1100; id++) {
        const struct hello stranger = HELLO(FRAME_FORMAT, NODE_LINK_CONSENSUS, id, 1, 0);
        call_and_refuse("h:1", &stranger);
    }
    ck_assert_int_eq(said("event=link_refused"), COMPLAINTS_KEPT);
    now_ms += COMPLAINT_AGAIN_MS;
    turn(true);
    const struct hello true_one = HELLO(FRAME_FORMAT + 1, NODE_LINK_CONSENSUS, 2, 1, 0);
    call_and_refuse("h:2", &true_one);
    ck_assert_int_eq(said("event=link_refused peer=2 address=h:2 reason="), 1);
}
END_TEST

/* Node 1 of three, alone and empty. */
static void setup_empty(void)
{
    make_directory();
    peers = 3;
    start();
}

int main(void)
{
    Suite *suite = suite_create("complaint");
    TCase *tests = tcase_create("complaint");
    tcase_add_checked_fixture(tests, setup_empty, teardown);
    tcase_add_test(tests, a_refused_peer_is_told_once_a_minute_with_its_address);
    tcase_add_test(tests, each_refusal_tells_whom_why_and_what_to_do);
    tcase_add_test(tests, another_node_at_the_address_that_was_called);
    tcase_add_test(tests, who_does_not_speak_as_a_node_is_told_too);
    tcase_add_test(tests, who_hangs_up_without_a_word_is_told_too);
    tcase_add_test(tests, invented_ids_share_one_place);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
