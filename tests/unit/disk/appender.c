/* What is appended in whole blocks is in the file, wherever it began and however it was cut up: on the real file system
 * with and without its cache. */
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "disk/appender.h"
#include "disk/fs.h"

enum { FILE_BYTES = 8 * 1024 * 1024 };

static char path[64];
static int file;
static uint8_t *expected;
static uint8_t *content;

static void setup(void)
{
    strcpy(path, "/tmp/cleat-appender-XXXXXX");
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    expected = calloc(1, FILE_BYTES);
    content = malloc(FILE_BYTES);
    file = fs_open(path);
    ck_assert_int_eq(fs_write(file, 0, expected, FILE_BYTES), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(fs_close(file), 0);
    free(expected);
    free(content);
    ck_assert_int_eq(unlink(path), 0);
}

static void check_content(void)
{
    size_t got;
    int reader = fs_open(path);
    ck_assert_int_eq(fs_read(reader, 0, content, FILE_BYTES, &got), 0);
    ck_assert_uint_eq(got, FILE_BYTES);
    ck_assert_mem_eq(content, expected, FILE_BYTES);
    ck_assert_int_eq(fs_close(reader), 0);
}

/* Adds SIZE random bytes at END, in pieces. */
static uint64_t add(struct appender *appender, struct random *random, uint64_t end, size_t size)
{
    for (size_t i = 0; i < size; i++)
        expected[end + i] = (uint8_t)random_u64(random);
    for (size_t done = 0; done < size;) {
        size_t step = (size_t)random_between(random, 1, size - done);
        ck_assert_int_eq(appender_add(appender, expected + end + done, step), 0);
        done += step;
    }
    return end + size;
}

/* Batches of all sizes, over several lives of the file. */
static void lives(bool bypass, uint64_t seed)
{
    struct random random = {.state = seed};
    uint64_t end = random_between(&random, 0, 3 * FS_BLOCK_BYTES);
    for (int life = 0; life < 5; life++) {
        struct appender appender;
        appender_init(&appender);
        if (bypass)
            fs_bypass_cache(file);
        ck_assert_int_eq(appender_begin(&appender, file, end), 0);
        for (int batch = 0; batch < 20; batch++) {
            size_t size = (size_t)random_between(&random, 0, batch % 5 == 0 ? FS_BLOCK_BYTES * 20 : 600);
            end = add(&appender, &random, end, size);
            ck_assert_int_eq(appender_flush(&appender), 0);
            ck_assert_uint_eq(appender.offset + appender.size, end);
        }
        check_content();
        appender_close(&appender);
    }
}

START_TEST(what_was_added_is_in_the_file)
{
    lives(_i % 2 == 1, (uint64_t)_i);
}
END_TEST

START_TEST(a_batch_larger_than_its_memory)
{
    struct random random = {.state = 7};
    struct appender appender;
    appender_init(&appender);
    fs_bypass_cache(file);
    ck_assert_int_eq(appender_begin(&appender, file, 100), 0);
    uint64_t end = add(&appender, &random, 100, 3 * APPENDER_BYTES + 5);
    end = add(&appender, &random, end, APPENDER_BYTES - (size_t)(end % APPENDER_BYTES)); /* full to the last byte */
    ck_assert_int_eq(appender_flush(&appender), 0);
    add(&appender, &random, end, 1);
    ck_assert_int_eq(appender_flush(&appender), 0);
    check_content();
    appender_close(&appender);
}
END_TEST

START_TEST(a_file_that_is_too_short_is_an_error)
{
    struct appender appender;
    appender_init(&appender);
    ck_assert_int_lt(appender_begin(&appender, file, FILE_BYTES + 10), 0);
    appender_close(&appender);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/appender");
    TCase *tcase = tcase_create("appender");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, what_was_added_is_in_the_file, 0, 6);
    tcase_add_test(tcase, a_batch_larger_than_its_memory);
    tcase_add_test(tcase, a_file_that_is_too_short_is_an_error);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
