/* What is between two nodes only may say more to those who know it: the others pass over that, and over nothing else
 * (docs/FORMATS.md, rule 3). */
#include "three.h"

static struct node_link *peer;

/* Node 2 is linked, and leads term 2. */
static void begin_following(void)
{
    begin();
    peer = call(MEMBER, 1, 1000, 1);
    struct chain body = {0};
    const struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 2, .index = 1, .log_term = 1, .commit = 1, .round = 1};
    raft_message_encode(&message, &body);
    hear(peer, FRAME_RAFT, &body);
    for (int i = 0; i < 5; i++)
        turn(true);
    ck_assert_uint_eq(raft_leader(parts.raft), 2);
}

/* A HELLO as it is sent, of which FLAGS are set besides, with EXTRA bytes behind it. */
static bool hello_is_taken(uint8_t flags, size_t extra, bool no_process)
{
    struct buffer bytes = {0};
    struct hello hello;
    const struct node_link link = {.kind = NODE_LINK_CONSENSUS, .peer = 2};
    parts.peers->identity.processes[1] = 5; /* that of a life before */
    hello_encode(parts.peers, parts.env, parts.raft, &link, &bytes);
    uint8_t *start = buffer_start(&bytes);
    start[29] |= flags;
    if (no_process)
        memset(start + buffer_size(&bytes) - 8, 0, 8);
    for (size_t i = 0; i < extra; i++)
        buffer_append_u8(&bytes, 0xee);
    bool taken = hello_decode(buffer_start(&bytes), buffer_size(&bytes), &hello);
    ck_assert(!taken || (hello.from == 1 && hello.to == 2 && hello.fresh == (flags & 1)));
    buffer_close(&bytes);
    return taken;
}

START_TEST(a_hello_may_say_more)
{
    ck_assert(hello_is_taken(0, 0, false));
    ck_assert(hello_is_taken(0xfc, 0, false));
    ck_assert(hello_is_taken(0x80 | 1, 20, false));
    ck_assert(!hello_is_taken(0, 0, true)); /* no process has that number */
}
END_TEST

static void say_state(uint8_t flags, size_t extra)
{
    struct chain body = {0};
    memset(chain_reserve(&body, 16), 0, 16);
    *chain_reserve(&body, 1) = flags;
    if (extra > 0)
        memset(chain_reserve(&body, extra), 0xee, extra);
    hear(peer, FRAME_STATE, &body);
}

START_TEST(a_state_may_say_more)
{
    const struct peer *told = peers_look(parts.peers, 2);
    say_state(4 | 8 | 16 | 128, 0);
    ck_assert(!told->has_room);
    say_state(4 | 8 | 16 | 128 | FRAME_STATE_ROOM, 9);
    ck_assert(told->has_room);
    ck_assert(!raft_rolled_back(parts.raft));
    ck_assert(!node_link_ends(peer) && said("bad_message") == 0);
}
END_TEST

static void say_credit(uint8_t writable, size_t extra)
{
    struct chain body = {0};
    bytes_put_u64(chain_reserve(&body, 8), 2);
    memset(chain_reserve(&body, 16), 0, 16);
    *chain_reserve(&body, 1) = writable;
    if (extra > 0)
        memset(chain_reserve(&body, extra), 0xee, extra);
    hear(peer, FRAME_CREDIT, &body);
}

START_TEST(a_credit_says_yes_or_no)
{
    ck_assert(parts.gateway->writable);
    say_credit(0, 0);
    ck_assert(!parts.gateway->writable);
    say_credit(2, 0); /* it once counted as yes */
    ck_assert(!parts.gateway->writable);
    say_credit(1, 5);
    ck_assert(parts.gateway->writable);
    say_credit(255, 0);
    say_credit(0, 1);
    ck_assert(!parts.gateway->writable);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grows");
    TCase *tests = tcase_create("grows");
    tcase_add_checked_fixture(tests, begin_following, teardown);
    tcase_add_test(tests, a_hello_may_say_more);
    tcase_add_test(tests, a_state_may_say_more);
    tcase_add_test(tests, a_credit_says_yes_or_no);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
