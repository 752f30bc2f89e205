#include "bench/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "protocol/request.h"
#include "support/check.h"

static struct templates templates;
static struct batch batch;

/* All of the batch in one piece. */
static struct buffer gather(void)
{
    struct buffer text = {0};
    for (int i = 0; i < batch.count; i++)
        buffer_append(&text, batch.pieces[i].iov_base, batch.pieces[i].iov_len);
    ck_assert_uint_eq(buffer_size(&text), batch.size);
    return text;
}

/* Takes the request at the start of TEXT off it, with its contents; its name is to be NAME. */
static struct request take(struct buffer *text, const char *name)
{
    struct request request;
    size_t consumed;
    ck_assert_int_eq(request_parse(buffer_start(text), buffer_size(text), 1 << 30, &request, &consumed), REQUEST_LINE);
    ck_assert_int_eq(request.error, REQUEST_OK);
    ck_assert_uint_eq(request.name_size, strlen(name));
    ck_assert_mem_eq(request.name, name, request.name_size);
    buffer_consume(text, consumed);
    if (request.has_contents) {
        buffer_consume(text, (size_t)request.numbytes);
        ck_assert_int_eq(request_end(buffer_start(text), buffer_size(text)), 2);
        buffer_consume(text, 2);
    }
    return request;
}

static void a_server_understands(size_t value_size)
{
    templates_init(&templates, "k-", 1000, value_size, 60, 7);
    batch_clear(&batch);
    ck_assert(batch_add(&batch, &templates, OPERATION_WRITE, 0, 0));
    ck_assert(batch_add(&batch, &templates, OPERATION_READ, 999, 0));
    ck_assert(batch_add(&batch, &templates, OPERATION_CAS, 42, UINT64_MAX));
    ck_assert(batch_add(&batch, &templates, OPERATION_CAS, 42, 0));
    ck_assert(batch_add(&batch, &templates, OPERATION_DELETE, 7, 0));
    struct buffer text = gather();
    struct request request = take(&text, "k-000");
    ck_assert_int_eq(request.verb, VERB_WRITE);
    ck_assert_uint_eq(request.numbytes, value_size);
    ck_assert_uint_eq(request.exptime_s, 60);
    ck_assert_int_eq(take(&text, "k-999").verb, VERB_READ);
    request = take(&text, "k-042");
    ck_assert_int_eq(request.verb, VERB_CAS);
    ck_assert_uint_eq(request.version, UINT64_MAX);
    ck_assert_uint_eq(request.numbytes, value_size);
    ck_assert_uint_eq(take(&text, "k-042").version, 0);
    ck_assert_int_eq(take(&text, "k-007").verb, VERB_DELETE);
    ck_assert_uint_eq(buffer_size(&text), 0);
    buffer_close(&text);
    templates_close(&templates);
}

START_TEST(a_server_understands_them)
{
    static const size_t sizes[] = {0, 1, 256, TEMPLATE_INLINE_MAX - 2, TEMPLATE_INLINE_MAX - 1, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        a_server_understands(sizes[i]);
}
END_TEST

/* However much of a batch was written: what is left is its rest. */
START_TEST(the_rest_of_a_batch_after_any_byte)
{
    templates_init(&templates, "", 10, 2000, 0, 7);
    batch_clear(&batch);
    for (uint32_t key = 0; key < 3; key++)
        ck_assert(batch_add(&batch, &templates, key == 1 ? OPERATION_READ : OPERATION_WRITE, key, 0));
    ck_assert_uint_eq(batch.size, 2 * templates_size(&templates, OPERATION_WRITE) +
                                      templates_size(&templates, OPERATION_READ));
    static struct batch whole;
    whole = batch;
    struct buffer all = gather();
    for (size_t skipped = 0; skipped < buffer_size(&all); skipped++) {
        /* The pieces of the copy still point into `batch`, whose bytes stay. */
        memcpy(batch.pieces, whole.pieces, sizeof whole.pieces);
        batch.count = whole.count;
        batch.size = whole.size;
        batch_skip(&batch, skipped);
        struct buffer rest = gather();
        ck_assert_uint_eq(buffer_size(&rest), buffer_size(&all) - skipped);
        ck_assert_mem_eq(buffer_start(&rest), buffer_start(&all) + skipped, buffer_size(&rest));
        buffer_close(&rest);
    }
    buffer_close(&all);
    templates_close(&templates);
}
END_TEST

START_TEST(a_batch_is_full_at_some_time)
{
    static const size_t sizes[] = {0, 1000, 5000};
    for (size_t i = 0; i < 3; i++) {
        templates_init(&templates, "k", 100, sizes[i], 0, 7);
        uint32_t count = 0;
        batch_clear(&batch);
        while (batch_add(&batch, &templates, OPERATION_WRITE, count % 100, 0))
            ck_assert_uint_lt(++count, 100000);
        ck_assert_uint_gt(count, 0);
        ck_assert_uint_eq(batch.size, count * templates_size(&templates, OPERATION_WRITE));
        templates_close(&templates);
    }
}
END_TEST

START_TEST(digits_of_the_largest_key)
{
    ck_assert_uint_eq(templates_key_digits(1), 1);
    ck_assert_uint_eq(templates_key_digits(10), 1);
    ck_assert_uint_eq(templates_key_digits(11), 2);
    ck_assert_uint_eq(templates_key_digits(100), 2);
    ck_assert_uint_eq(templates_key_digits(WORKLOAD_KEYS_MAX), 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("template");
    TCase *tests = tcase_create("template");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_server_understands_them);
    tcase_add_test(tests, the_rest_of_a_batch_after_any_byte);
    tcase_add_test(tests, a_batch_is_full_at_some_time);
    tcase_add_test(tests, digits_of_the_largest_key);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
