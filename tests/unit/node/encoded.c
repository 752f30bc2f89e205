/* Entries that go to several followers: each gets the bytes that it would get alone, from one encoding. */
#include "node/peers/encoded.h"

#include <string.h>

#include "node/peers/link.h"
#include "support/check.h"

enum { ENTRIES = 64, MESSAGE_MAX = 8 * 1024 * 1024 };

static struct raft_entry entries[ENTRIES];
static struct raft_entry decoded[RAFT_MESSAGE_ENTRIES_MAX];

/* Payloads of all kinds: none, small ones, and at last COUNT that go by reference, of SIZE bytes. */
static void make_entries(uint32_t count, size_t size)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        size_t bytes = i % 7 == 0 ? 0 : i + count >= ENTRIES ? size : i * 5;
        entries[i] = (struct raft_entry){
            .index = i + 1, .term = 1 + i / 20, .time_ms = 1000 + i, .type = RAFT_ENTRY_COMMAND};
        if (bytes == 0)
            continue;
        entries[i].payload = blob_new(bytes);
        memset(entries[i].payload->bytes, (int)('a' + i % 26), bytes);
    }
}

static void free_entries(void)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (entries[i].payload)
            ck_assert_uint_eq(entries[i].payload->references, 1); /* nothing is held any more */
        blob_release(entries[i].payload);
    }
}

static struct raft_message append_to(uint32_t follower, uint32_t first, uint32_t count)
{
    return (struct raft_message){
        .type = RAFT_APPEND,
        .from = 1,
        .to = follower,
        .term = 9,
        .index = first,
        .log_term = first > 0 ? entries[first - 1].term : 0,
        .commit = follower,
        .entry_count = count,
        .entries = &entries[first],
    };
}

static struct node_link *new_link(void)
{
    return link_new(NULL, NODE_LINK_CONSENSUS, 2, 0);
}

static void send_encoded(struct node_link *link, struct encoded *encoded, const struct raft_message *message)
{
    uint8_t head[RAFT_MESSAGE_HEAD_MAX];
    size_t head_size = raft_message_encode_head(message, head);
    const struct encoded_entries *range = encoded_find(encoded, message);
    link_send_head(link, FRAME_RAFT, false, head, head_size, &range->bytes, range->hash);
}

static void send_alone(struct node_link *link, const struct raft_message *message)
{
    struct chain body = {0};
    raft_message_encode(message, &body);
    link_send(link, FRAME_RAFT, false, &body);
}

static void drain(struct node_link *link, struct buffer *out)
{
    while (node_link_output_bytes(link) > 0) {
        struct iovec pieces[8];
        size_t count = node_link_peek(link, pieces, 8), taken = 0;
        for (size_t i = 0; i < count; i++) {
            buffer_append(out, pieces[i].iov_base, pieces[i].iov_len);
            taken += pieces[i].iov_len;
        }
        node_link_consume(link, taken);
    }
}

/* What LINK has to say is MESSAGE. */
static void says(struct node_link *link, const struct raft_message *message)
{
    struct buffer bytes = {0};
    struct node_link *to = new_link();
    struct link_message got;
    struct raft_message back;
    drain(link, &bytes);
    const uint8_t *at = buffer_start(&bytes);
    size_t size = buffer_size(&bytes);
    ck_assert(link_receive(to, &at, &size, MESSAGE_MAX, &got));
    ck_assert(raft_message_decode(got.body, got.size, &back, decoded));
    ck_assert_uint_eq(back.to, message->to);
    ck_assert_uint_eq(back.commit, message->commit);
    ck_assert_uint_eq(back.index, message->index);
    ck_assert_uint_eq(back.entry_count, message->entry_count);
    for (uint32_t i = 0; i < back.entry_count; i++) {
        const struct raft_entry *sent = &message->entries[i], *came = &back.entries[i];
        ck_assert_uint_eq(came->term, sent->term);
        ck_assert_uint_eq(came->time_ms, sent->time_ms);
        ck_assert_uint_eq(came->payload ? came->payload->size : 0, sent->payload ? sent->payload->size : 0);
        if (came->payload)
            ck_assert_mem_eq(came->payload->bytes, sent->payload->bytes, came->payload->size);
    }
    raft_message_release(&back);
    ck_assert(!link_receive(to, &at, &size, MESSAGE_MAX, &got));
    ck_assert(!node_link_ends(to));
    link_free(to);
    buffer_close(&bytes);
}

START_TEST(each_follower_gets_the_bytes_that_it_would_get_alone)
{
    static const uint32_t counts[] = {1, 2, 19, 41, ENTRIES};
    make_entries(5, 3000);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct encoded encoded = {0};
        for (uint32_t follower = 2; follower < 5; follower++) {
            struct raft_message message = append_to(follower, ENTRIES - counts[i], counts[i]);
            struct node_link *shared = new_link(), *alone = new_link();
            struct buffer one = {0}, other = {0};
            send_encoded(shared, &encoded, &message);
            send_alone(alone, &message);
            drain(shared, &one);
            drain(alone, &other);
            ck_assert_uint_eq(buffer_size(&one), buffer_size(&other));
            ck_assert_mem_eq(buffer_start(&one), buffer_start(&other), buffer_size(&one));
            buffer_close(&one);
            buffer_close(&other);
            link_free(shared);
            link_free(alone);
        }
        ck_assert_uint_eq(encoded.made, 1);
        encoded_close(&encoded);
    }
    free_entries();
}
END_TEST

START_TEST(what_goes_to_several_followers_is_there_once)
{
    make_entries(0, 0);
    struct encoded encoded = {0};
    struct node_link *links[] = {new_link(), new_link()};
    struct iovec pieces[2][4];
    for (uint32_t i = 0; i < 2; i++) {
        struct raft_message message = append_to(2 + i, 0, ENTRIES);
        send_encoded(links[i], &encoded, &message);
        ck_assert_uint_eq(node_link_peek(links[i], pieces[i], 4), 2);
    }
    encoded_close(&encoded); /* the links still have it */
    ck_assert_ptr_ne(pieces[0][0].iov_base, pieces[1][0].iov_base);
    ck_assert_ptr_eq(pieces[0][1].iov_base, pieces[1][1].iov_base);
    for (uint32_t i = 0; i < 2; i++) {
        struct raft_message message = append_to(2 + i, 0, ENTRIES);
        says(links[i], &message);
        link_free(links[i]);
    }
    free_entries();
}
END_TEST

/* Followers that are at different places, and come round again after more of them than are kept. */
START_TEST(ranges_are_not_mistaken_for_each_other)
{
    make_entries(3, 2000);
    struct encoded encoded = {0};
    struct node_link *link = new_link();
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t first = 0; first < ENCODED_MAX + 2; first++) {
            for (uint32_t count = 20; count <= 40; count += 10) {
                struct raft_message message = append_to(2, first, count);
                send_encoded(link, &encoded, &message);
                says(link, &message);
            }
        }
    }
    ck_assert_uint_gt(encoded.made, ENCODED_MAX);
    encoded_close(&encoded);
    link_free(link);
    free_entries();
}
END_TEST

START_TEST(more_than_a_frame_goes_in_parts)
{
    make_entries(20, 30000);
    struct encoded encoded = {0};
    struct node_link *link = new_link();
    struct raft_message message = append_to(3, 0, ENTRIES);
    send_encoded(link, &encoded, &message);
    ck_assert_uint_gt(node_link_output_bytes(link), FRAME_HEADER_SIZE + FRAME_BODY_MAX);
    says(link, &message);
    link->part_max = 100;
    message = append_to(3, 10, 20);
    send_encoded(link, &encoded, &message);
    says(link, &message);
    encoded_close(&encoded);
    link_free(link);
    free_entries();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("encoded");
    TCase *tests = tcase_create("encoded");
    tcase_add_test(tests, each_follower_gets_the_bytes_that_it_would_get_alone);
    tcase_add_test(tests, what_goes_to_several_followers_is_there_once);
    tcase_add_test(tests, ranges_are_not_mistaken_for_each_other);
    tcase_add_test(tests, more_than_a_frame_goes_in_parts);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
