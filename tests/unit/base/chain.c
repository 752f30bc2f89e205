#include "base/chain.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/ensure.h"
#include "base/random.h"
#include "support/check.h"

static void content_is(const struct chain *chain, const char *text)
{
    char copy[256];
    ck_assert_uint_eq(chain->size, strlen(text));
    chain_copy(chain, copy, chain->size);
    ck_assert_mem_eq(copy, text, chain->size);
}

START_TEST(small_pieces_are_copied_together)
{
    struct chain chain = {0};
    struct iovec pieces[4];
    ck_assert_uint_eq(chain_peek(&chain, pieces, 4), 0);
    chain_append(&chain, "hello ", 6);
    memcpy(chain_reserve(&chain, 5), "world", 5);
    content_is(&chain, "hello world");
    ck_assert_uint_eq(chain_peek(&chain, pieces, 4), 1);
    ck_assert_uint_eq(pieces[0].iov_len, 11);
    chain_consume(&chain, 6);
    content_is(&chain, "world");
    chain_consume(&chain, 5);
    ck_assert_uint_eq(chain_peek(&chain, pieces, 4), 0);
    chain_close(&chain);
}
END_TEST

START_TEST(large_slices_are_shared)
{
    struct blob *blob = blob_new(10000);
    struct chain chain = {0};
    struct iovec pieces[4];
    memset(blob->bytes, 'x', 10000);
    chain_append(&chain, "a", 1);
    chain_append_blob(&chain, blob, 1000, 9000);
    chain_append(&chain, "b", 1);
    ck_assert_uint_eq(blob->references, 2);
    ck_assert_uint_eq(chain.size, 9002);
    ck_assert_uint_eq(chain_peek(&chain, pieces, 4), 3);
    ck_assert_ptr_eq(pieces[1].iov_base, blob->bytes + 1000);
    ck_assert_uint_eq(pieces[1].iov_len, 9000);
    chain_consume(&chain, 9000);
    ck_assert_uint_eq(blob->references, 2);
    chain_consume(&chain, 1);
    ck_assert_uint_eq(blob->references, 1);
    content_is(&chain, "b");
    chain_append_blob(&chain, blob, 0, 10); /* short: copied */
    ck_assert_uint_eq(blob->references, 1);
    chain_close(&chain);
    blob_release(blob);
}
END_TEST

START_TEST(moving_and_splitting_keep_the_order)
{
    struct chain a = {0};
    struct chain b = {0};
    chain_append(&a, "one ", 4);
    chain_append(&b, "two three", 9);
    chain_split(&a, &b, 4);
    content_is(&a, "one two ");
    content_is(&b, "three");
    chain_move(&a, &b);
    content_is(&a, "one two three");
    content_is(&b, "");
    chain_move(&a, &b);
    chain_append(&b, "four", 4);
    content_is(&b, "four");
    chain_close(&a);
    chain_close(&b);
}
END_TEST

static void chain_is(const struct chain *chain, struct buffer *model)
{
    struct iovec pieces[8];
    size_t count = chain_peek(chain, pieces, 8);
    size_t seen = 0;
    ensure(chain->size == buffer_size(model));
    for (size_t i = 0; i < count; i++) {
        ensure(pieces[i].iov_len > 0 && pieces[i].iov_len <= chain->size - seen);
        ensure(memcmp(pieces[i].iov_base, buffer_start(model) + seen, pieces[i].iov_len) == 0);
        seen += pieces[i].iov_len;
    }
    ensure(count == 8 || seen == chain->size);
}

/* Two chains, each beside a flat buffer; moves go from the second to the first. */
static void step_take(struct random *random, struct chain *chains, struct buffer *models, struct blob *blob)
{
    uint64_t which = random_u64(random) % 2;
    struct chain *chain = &chains[which];
    struct buffer *model = &models[which];
    size_t size = random_between(random, 0, random_u64(random) % 4 ? 200 : CHAIN_RESERVE_MAX);
    size_t offset = random_between(random, 0, blob->size - size);
    switch (random_u64(random) % 8) {
    case 0: case 1:
        chain_append(chain, blob->bytes + offset, size);
        buffer_append(model, blob->bytes + offset, size);
        break;
    case 2: case 3:
        chain_append_blob(chain, blob, offset, size);
        buffer_append(model, blob->bytes + offset, size);
        break;
    case 4:
        memcpy(chain_reserve(chain, size), blob->bytes + offset, size);
        buffer_append(model, blob->bytes + offset, size);
        break;
    case 5:
        chain_move(&chains[0], &chains[1]);
        buffer_append(&models[0], models[1].bytes ? buffer_start(&models[1]) : NULL, buffer_size(&models[1]));
        buffer_consume(&models[1], buffer_size(&models[1]));
        break;
    case 6:
        size = random_between(random, 0, chains[1].size);
        chain_split(&chains[0], &chains[1], size);
        buffer_append(&models[0], models[1].bytes ? buffer_start(&models[1]) : NULL, size);
        buffer_consume(&models[1], size);
        break;
    default:
        size = random_between(random, 0, chain->size);
        chain_consume(chain, size);
        buffer_consume(model, size);
    }
}

START_TEST(it_agrees_with_a_flat_buffer)
{
    struct random random = {.state = 41};
    struct chain chains[2] = {{0}, {0}};
    struct buffer models[2] = {{0}, {0}};
    struct blob *blob = blob_new(20000);
    for (size_t i = 0; i < blob->size; i++)
        blob->bytes[i] = (uint8_t)random_u64(&random);
    for (int step = 0; step < 50000; step++) {
        step_take(&random, chains, models, blob);
        chain_is(&chains[0], &models[0]);
        chain_is(&chains[1], &models[1]);
    }
    uint8_t *copy = malloc(chains[0].size + 1);
    chain_copy(&chains[0], copy, chains[0].size);
    ck_assert(chains[0].size == 0 || memcmp(copy, buffer_start(&models[0]), chains[0].size) == 0);
    free(copy);
    for (int i = 0; i < 2; i++) {
        chain_close(&chains[i]);
        buffer_close(&models[i]);
    }
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
}
END_TEST

START_TEST(a_chain_of_references_is_appended_to_several)
{
    struct blob *blob = blob_new(4000);
    struct chain from = {0}, first = {0}, second = {0};
    struct iovec pieces[4], others[4];
    memset(blob->bytes, 'x', 4000);
    chain_append_reference(&from, blob, 0, 5); /* however short */
    chain_append_reference(&from, blob, 1000, 3000);
    ck_assert_uint_eq(blob->references, 3);
    ck_assert_uint_eq(from.size, 3005);
    chain_append(&first, "head ", 5);
    chain_append_chain(&first, &from);
    chain_append_chain(&second, &from);
    ck_assert_uint_eq(from.size, 3005);
    ck_assert_uint_eq(first.size, 3010);
    ck_assert_uint_eq(blob->references, 5); /* what is short is copied */
    ck_assert_uint_eq(chain_peek(&first, pieces, 4), 2);
    ck_assert_uint_eq(chain_peek(&second, others, 4), 2);
    ck_assert_mem_eq(pieces[0].iov_base, "head xxxxx", 10);
    ck_assert_ptr_eq(pieces[1].iov_base, others[1].iov_base);
    chain_close(&from);
    chain_close(&first);
    chain_close(&second);
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
}
END_TEST

/* As a link has them: a head and a tail for each message. */
START_TEST(an_emptied_piece_takes_what_is_copied_behind_a_reference)
{
    struct blob *blob = blob_new(2000);
    struct chain chain = {0};
    struct iovec pieces[4];
    memset(blob->bytes, 'x', 2000);
    chain_append(&chain, "first", 5);
    ck_assert_uint_eq(chain_peek(&chain, pieces, 4), 1);
    const void *room = pieces[0].iov_base;
    for (int i = 0; i < 3; i++) {
        chain_append_blob(&chain, blob, 0, 2000);
        chain_consume(&chain, 5);
        ck_assert_uint_eq(chain.size, 2000);
        chain_append(&chain, "again", 5);
        ck_assert_uint_eq(chain_peek(&chain, pieces, 4), 2);
        ck_assert_uint_eq(pieces[0].iov_len, 2000);
        ck_assert_ptr_eq(pieces[1].iov_base, room);
        chain_consume(&chain, 2000);
        content_is(&chain, "again");
    }
    chain_close(&chain);
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("chain");
    TCase *tests = tcase_create("chain");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, small_pieces_are_copied_together);
    tcase_add_test(tests, large_slices_are_shared);
    tcase_add_test(tests, moving_and_splitting_keep_the_order);
    tcase_add_test(tests, it_agrees_with_a_flat_buffer);
    tcase_add_test(tests, a_chain_of_references_is_appended_to_several);
    tcase_add_test(tests, an_emptied_piece_takes_what_is_copied_behind_a_reference);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
