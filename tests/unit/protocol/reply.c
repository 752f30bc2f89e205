#include "protocol/reply.h"

#include <string.h>

#include "support/check.h"

static struct chain out;

static void setup(void)
{
    out = (struct chain){0};
}

static void teardown(void)
{
    chain_close(&out);
}

static void out_is(const char *text)
{
    char copy[1024];
    ck_assert_uint_lt(out.size, sizeof copy);
    chain_copy(&out, copy, out.size);
    copy[out.size] = '\0';
    ck_assert_str_eq(copy, text);
    chain_consume(&out, out.size);
}

static struct blob *blob_of(const char *text)
{
    struct blob *blob = blob_new(strlen(text));
    memcpy(blob->bytes, text, blob->size);
    return blob;
}

START_TEST(replies_to_the_verbs)
{
    reply_ok(&out);
    out_is("OK\r\n");
    reply_ok_version(&out, 0);
    out_is("OK 0\r\n");
    reply_ok_version(&out, 1234567890);
    out_is("OK 1234567890\r\n");
    reply_ok_version(&out, UINT64_MAX);
    out_is("OK 18446744073709551615\r\n");
    reply_not_found(&out, NULL, 0);
    out_is("ERR_FILE_NOT_FOUND\r\n");
    reply_version_mismatch(&out, 0, NULL, 0);
    out_is("ERR_VERSION 0\r\n");
    reply_version_mismatch(&out, UINT64_MAX, NULL, 0);
    out_is("ERR_VERSION 18446744073709551615\r\n");
    reply_line(&out, "PONG");
    out_is("PONG\r\n");
    reply_text(&out, "HELP", "a\r\nb", 4);
    out_is("HELP 4\r\na\r\nb\r\n");
    reply_text(&out, "STATUS", "", 0);
    out_is("STATUS 0\r\n\r\n");
}
END_TEST

START_TEST(contents_are_a_slice_of_the_blob)
{
    struct blob *blob = blob_of("header foo abcdef");
    reply_contents(&out, 1, 0, blob, 11, 6, NULL);
    out_is("CONTENTS 1 6 0\r\nabcdef\r\n");
    reply_contents(&out, 2, 30, blob, 17, 0, NULL);
    out_is("CONTENTS 2 0 30\r\n\r\n");
    reply_contents(&out, UINT64_MAX, UINT64_MAX, blob, 11, 1, NULL);
    out_is("CONTENTS 18446744073709551615 1 18446744073709551615\r\na\r\n");
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
}
END_TEST

START_TEST(a_stale_answer_says_how_far_it_goes)
{
    struct blob *blob = blob_of("abc");
    const struct reply_stale led = {.revision = 7}, alone = {.revision = UINT64_MAX, .leaderless = true,
                                                             .leaderless_s = 75};
    const struct reply_stale just_now = {.leaderless = true};
    reply_contents(&out, 1, 0, blob, 0, 3, &led);
    out_is("CONTENTS 1 3 0 stale revision=7\r\nabc\r\n");
    reply_not_found_stale(&out, &alone);
    out_is("ERR_FILE_NOT_FOUND stale revision=18446744073709551615 leaderless_s=75\r\n");
    reply_list(&out, 9, false, "", 0, &just_now);
    out_is("LIST 9 0 end stale revision=0 leaderless_s=0\r\n\r\n");
    reply_stat(&out, &(struct reply_stat){1, 2, 3, 4, 5}, &alone);
    out_is("STAT version=1 size=2 exptime=3 created=4 xxh3=0000000000000005 stale revision=18446744073709551615 "
           "leaderless_s=75\r\n");
    blob_release(blob);
}
END_TEST

START_TEST(large_contents_are_not_copied)
{
    struct blob *blob = blob_new(100000);
    struct iovec pieces[3];
    memset(blob->bytes, 'x', blob->size);
    reply_contents(&out, 7, 0, blob, 48, 99952, NULL);
    ck_assert_uint_eq(blob->references, 2);
    ck_assert_uint_eq(chain_peek(&out, pieces, 3), 3);
    ck_assert_uint_eq(pieces[0].iov_len, 20);
    ck_assert_mem_eq(pieces[0].iov_base, "CONTENTS 7 99952 0\r\n", 20);
    ck_assert_ptr_eq(pieces[1].iov_base, blob->bytes + 48);
    ck_assert_uint_eq(pieces[2].iov_len, 2);
    chain_consume(&out, out.size);
    ck_assert_uint_eq(blob->references, 1);
    blob_release(blob);
}
END_TEST

START_TEST(replies_follow_each_other)
{
    reply_ok_version(&out, 1);
    reply_line(&out, "PONG");
    reply_ok(&out);
    out_is("OK 1\r\nPONG\r\nOK\r\n");
}
END_TEST

START_TEST(errors_have_a_code_and_a_reason)
{
    static const char *const codes[REPLY_ERROR_COUNT] = {
        [REPLY_CMD_ERR] = "ERR_CMD_ERR", [REPLY_NO_LEADER] = "ERR_NO_LEADER", [REPLY_TIMEOUT] = "ERR_TIMEOUT",
        [REPLY_BUSY] = "ERR_BUSY", [REPLY_TOO_BIG] = "ERR_TOO_BIG", [REPLY_STORE_FULL] = "ERR_STORE_FULL",
        [REPLY_DISK_FULL] = "ERR_DISK_FULL", [REPLY_NOT_A_NUMBER] = "ERR_NOT_A_NUMBER",
        [REPLY_UPGRADE] = "ERR_UPGRADE",
    };
    for (enum reply_error error = 0; error < REPLY_ERROR_COUNT; error++) {
        char copy[256];
        ck_assert_str_eq(error_row(error)->code, codes[error]);
        reply_error(&out, error, NULL);
        ck_assert_uint_lt(out.size, sizeof copy);
        chain_copy(&out, copy, out.size);
        size_t code_size = strlen(codes[error]);
        ck_assert_mem_eq(copy, codes[error], code_size);
        ck_assert_int_eq(copy[code_size], ' ');
        ck_assert_uint_gt(out.size, code_size + 3);
        ck_assert_ptr_eq(memchr(copy, '\r', out.size), copy + out.size - 2);
        ck_assert_int_eq(copy[out.size - 1], '\n');
        chain_consume(&out, out.size);
    }
    reply_error(&out, REPLY_BUSY, "too many commands at once");
    out_is("ERR_BUSY too many commands at once\r\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reply");
    TCase *tests = tcase_create("reply");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, replies_to_the_verbs);
    tcase_add_test(tests, contents_are_a_slice_of_the_blob);
    tcase_add_test(tests, large_contents_are_not_copied);
    tcase_add_test(tests, a_stale_answer_says_how_far_it_goes);
    tcase_add_test(tests, replies_follow_each_other);
    tcase_add_test(tests, errors_have_a_code_and_a_reason);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
