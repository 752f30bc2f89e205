/* Frames and links: whole messages out of any split of the bytes, nothing out of damaged ones, and urgent frames
 * first. */
#include "node/peers/link.h"

#include <string.h>

#include "base/random.h"
#include "support/check.h"
#include "support/guard.h"

enum { MESSAGE_MAX = 4 * 1024 * 1024 };

static struct node_link *new_link(void)
{
    return link_new(NULL, NODE_LINK_CONSENSUS, 2, 0);
}

static void fill(struct buffer *body, size_t size, uint64_t seed)
{
    struct random random = {.state = seed};
    for (size_t i = 0; i < size; i++)
        buffer_append_u8(body, (uint8_t)random_u64(&random));
}

static void send(struct node_link *link, enum frame_type type, bool urgent, size_t size, uint64_t seed)
{
    struct buffer body = {0};
    fill(&body, size, seed);
    link_send_bytes(link, type, urgent, &body);
    buffer_close(&body);
}

/* All that LINK has to say, as bytes, taken STEP at a time. */
static void drain(struct node_link *link, size_t step, struct buffer *out)
{
    while (node_link_output_bytes(link) > 0) {
        struct iovec pieces[4];
        size_t count = node_link_peek(link, pieces, 4);
        ck_assert_uint_gt(count, 0);
        size_t taken = 0;
        for (size_t i = 0; i < count && taken < step; i++) {
            size_t part = pieces[i].iov_len < step - taken ? pieces[i].iov_len : step - taken;
            buffer_append(out, pieces[i].iov_base, part);
            taken += part;
        }
        node_link_consume(link, taken);
    }
}

static void expect(const struct link_message *message, enum frame_type type, size_t size, uint64_t seed)
{
    struct buffer body = {0};
    fill(&body, size, seed);
    ck_assert_int_eq(message->type, type);
    ck_assert_uint_eq(message->size, size);
    ck_assert(size == 0 || memcmp(message->body, body.bytes, size) == 0);
    buffer_close(&body);
}

START_TEST(messages_survive_any_split)
{
    struct node_link *from = new_link();
    struct buffer bytes = {0};
    send(from, FRAME_RAFT, false, 0, 0);
    send(from, FRAME_STATE, false, 17, 1);
    send(from, FRAME_FORWARD, false, 300, 2);
    drain(from, SIZE_MAX, &bytes);
    struct guard guard;
    guard_open(&guard);
    for (size_t split = 0; split <= buffer_size(&bytes); split++) {
        struct node_link *to = new_link();
        struct link_message message;
        int got = 0;
        for (int half = 0; half < 2; half++) {
            /* Right before an unmapped page: reading a byte too far ends the test. */
            const uint8_t *start = buffer_start(&bytes) + (half ? split : 0);
            size_t size = half ? buffer_size(&bytes) - split : split;
            const uint8_t *at = guard_copy(&guard, start, size);
            while (link_receive(to, &at, &size, MESSAGE_MAX, &message)) {
                static const enum frame_type types[] = {FRAME_RAFT, FRAME_STATE, FRAME_FORWARD};
                static const size_t sizes[] = {0, 17, 300};
                ck_assert_int_lt(got, 3);
                expect(&message, types[got], sizes[got], (uint64_t)got);
                got++;
            }
        }
        ck_assert_int_eq(got, 3);
        ck_assert(!node_link_ends(to));
        link_free(to);
    }
    guard_close(&guard);
    buffer_close(&bytes);
    link_free(from);
}
END_TEST

START_TEST(large_messages_go_in_parts)
{
    struct node_link *from = new_link(), *to = new_link();
    struct buffer bytes = {0};
    const size_t large = 3 * FRAME_BODY_MAX + 5;
    send(from, FRAME_RAFT, false, large, 9);
    drain(from, 100000, &bytes);
    const uint8_t *at = buffer_start(&bytes);
    size_t size = buffer_size(&bytes);
    struct link_message message;
    ck_assert(link_receive(to, &at, &size, MESSAGE_MAX, &message));
    expect(&message, FRAME_RAFT, large, 9);
    ck_assert(!link_receive(to, &at, &size, MESSAGE_MAX, &message));
    buffer_close(&bytes);
    link_free(from);
    link_free(to);
}
END_TEST

START_TEST(parts_that_do_not_follow_drop_their_message_alone)
{
    struct node_link *from = new_link();
    struct buffer bytes = {0};
    send(from, FRAME_RAFT, false, 2 * FRAME_BODY_MAX, 1);
    send(from, FRAME_RAFT, false, 2 * FRAME_BODY_MAX, 2);
    drain(from, SIZE_MAX, &bytes);
    const size_t frame = FRAME_HEADER_SIZE + FRAME_BODY_MAX;
    ck_assert_uint_eq(buffer_size(&bytes), 4 * frame);
    /* The first message's second part is lost, and its first comes twice; then the second message, whole. */
    const size_t order[] = {0, 0, 2, 3, 3, 1};
    struct node_link *to = new_link();
    int got = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const uint8_t *at = buffer_start(&bytes) + order[i] * frame;
        size_t size = frame;
        struct link_message message;
        while (link_receive(to, &at, &size, MESSAGE_MAX, &message)) {
            expect(&message, FRAME_RAFT, 2 * FRAME_BODY_MAX, 2);
            got++;
        }
    }
    ck_assert_int_eq(got, 1);
    ck_assert(!node_link_ends(to));
    link_free(to);
    buffer_close(&bytes);
    link_free(from);
}
END_TEST

/* In the header, in the head of the body, or in what follows that. */
START_TEST(a_flipped_bit_never_gives_a_message)
{
    static const size_t sizes[] = {0, 1, 25, FRAME_HEAD_MAX, FRAME_HEAD_MAX + 1, 300, 2000};
    struct node_link *from = new_link();
    struct buffer bytes = {0};
    send(from, FRAME_CREDIT, false, sizes[_i], 3);
    drain(from, SIZE_MAX, &bytes);
    for (size_t bit = 0; bit < buffer_size(&bytes) * 8; bit++) {
        buffer_start(&bytes)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct node_link *to = new_link();
        const uint8_t *at = buffer_start(&bytes);
        size_t size = buffer_size(&bytes);
        struct link_message message;
        ck_assert(!link_receive(to, &at, &size, MESSAGE_MAX, &message));
        link_free(to);
        buffer_start(&bytes)[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    buffer_close(&bytes);
    link_free(from);
}
END_TEST

START_TEST(a_message_above_the_limit_ends_the_link)
{
    struct node_link *from = new_link(), *to = new_link();
    struct buffer bytes = {0};
    send(from, FRAME_RAFT, false, 3 * FRAME_BODY_MAX, 1);
    drain(from, SIZE_MAX, &bytes);
    const uint8_t *at = buffer_start(&bytes);
    size_t size = buffer_size(&bytes);
    struct link_message message;
    ck_assert(!link_receive(to, &at, &size, 2 * FRAME_BODY_MAX, &message));
    ck_assert(node_link_ends(to));
    buffer_close(&bytes);
    link_free(from);
    link_free(to);
}
END_TEST

START_TEST(urgent_frames_go_between_frames_never_inside)
{
    for (size_t written = 1; written < FRAME_BODY_MAX; written += 9973) {
        struct node_link *from = new_link(), *to = new_link();
        struct buffer bytes = {0};
        send(from, FRAME_FORWARD, false, FRAME_BODY_MAX + 10, 5);
        struct iovec piece;
        node_link_peek(from, &piece, 1);
        size_t part = piece.iov_len < written ? piece.iov_len : written;
        buffer_append(&bytes, piece.iov_base, part);
        node_link_consume(from, part);
        send(from, FRAME_RAFT, true, 40, 6);
        drain(from, SIZE_MAX, &bytes);
        const uint8_t *at = buffer_start(&bytes);
        size_t size = buffer_size(&bytes);
        struct link_message message;
        ck_assert(link_receive(to, &at, &size, MESSAGE_MAX, &message));
        expect(&message, FRAME_RAFT, 40, 6); /* it overtook the rest of the large message */
        ck_assert(link_receive(to, &at, &size, MESSAGE_MAX, &message));
        expect(&message, FRAME_FORWARD, FRAME_BODY_MAX + 10, 5);
        buffer_close(&bytes);
        link_free(from);
        link_free(to);
    }
}
END_TEST

START_TEST(random_bytes_end_the_link_or_wait)
{
    struct random random = {.state = 42};
    struct guard guard;
    guard_open(&guard);
    for (int round = 0; round < 3000; round++) {
        uint8_t bytes[200];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)random_u64(&random);
        if (round % 2) /* a plausible length and type */
            memcpy(bytes, "\x20\x00\x00\x00\x03\x00", 6);
        struct node_link *to = new_link();
        const uint8_t *at = guard_copy(&guard, bytes, sizeof bytes);
        size_t size = sizeof bytes;
        struct link_message message;
        ck_assert(!link_receive(to, &at, &size, MESSAGE_MAX, &message));
        link_free(to);
    }
    guard_close(&guard);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link");
    TCase *tests = tcase_create("frames");
    tcase_add_test(tests, messages_survive_any_split);
    tcase_add_test(tests, large_messages_go_in_parts);
    tcase_add_test(tests, parts_that_do_not_follow_drop_their_message_alone);
    tcase_add_loop_test(tests, a_flipped_bit_never_gives_a_message, 0, 7);
    tcase_add_test(tests, a_message_above_the_limit_ends_the_link);
    tcase_add_test(tests, urgent_frames_go_between_frames_never_inside);
    tcase_add_test(tests, random_bytes_end_the_link_or_wait);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
