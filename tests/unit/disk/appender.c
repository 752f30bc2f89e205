/* What is appended is in the file's sectors, wherever it began and however it was cut up: on the real file system with
 * and without its cache. */
#include "support/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "disk/appender.h"
#include "disk/block.h"
#include "disk/fs.h"

enum { FILE_BYTES = BLOCK_SIZE + 8 * 1024 * 1024, STREAM_BYTES = 8 * 1024 * 1024 / SECTOR_BYTES * SECTOR_STREAM,
       ROUND = APPENDER_SECTORS * SECTOR_STREAM, ID = 77 };

static char path[64];
static int file;
static uint8_t *expected;

static void setup(void)
{
    strcpy(path, "/tmp/cleat-appender-XXXXXX");
    file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    expected = calloc(1, FILE_BYTES);
    file = fs_open(path);
    ck_assert_int_eq(fs_write(file, 0, expected, FILE_BYTES), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(fs_close(file), 0);
    free(expected);
    ck_assert_int_eq(unlink(path), 0);
}

/* The stream up to END is there, and nothing behind it. */
static void check_content(uint64_t end)
{
    size_t got, size = FILE_BYTES - BLOCK_SIZE;
    uint8_t *sectors = malloc(size);
    int reader = fs_open(path);
    ck_assert_int_eq(fs_read(reader, BLOCK_SIZE, sectors, size, &got), 0);
    ck_assert_uint_eq(got, size);
    ck_assert_int_eq(fs_close(reader), 0);
    struct sector_stream stream;
    sector_stream_decode(&stream, sectors, size, ID);
    ck_assert_uint_eq(stream.size, STREAM_BYTES);
    ck_assert_uint_eq(stream.whole, sector_stream_bytes(sector_file_bytes(end)));
    ck_assert_uint_eq(stream.damaged, stream.size);
    ck_assert_mem_eq(stream.bytes, expected, STREAM_BYTES);
    sector_stream_close(&stream);
}

/* A file that holds a stream up to END already. */
static void begin_at(struct random *random, uint64_t end)
{
    size_t size;
    for (size_t i = 0; i < end; i++)
        expected[i] = (uint8_t)random_u64(random);
    uint8_t *sectors = sector_stream_encode(expected, (size_t)end, ID, &size);
    ck_assert_int_eq(fs_write(file, BLOCK_SIZE, sectors, size), 0);
    free(sectors);
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
    uint64_t end = seed < 2 ? 0 : random_between(&random, 0, 3 * FS_BLOCK_BYTES);
    begin_at(&random, end);
    for (int life = 0; life < 5; life++) {
        struct appender appender;
        appender_init(&appender);
        if (bypass)
            fs_bypass_cache(file);
        ck_assert_int_eq(appender_begin(&appender, file, ID, end), 0);
        for (int batch = 0; batch < 20; batch++) {
            size_t size = (size_t)random_between(&random, 0, batch % 5 == 0 ? FS_BLOCK_BYTES * 20 : 600);
            end = add(&appender, &random, end, size);
            ck_assert_int_eq(appender_flush(&appender), 0);
            ck_assert_uint_eq(appender_end(&appender), end);
        }
        check_content(end);
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
    begin_at(&random, 100);
    fs_bypass_cache(file);
    ck_assert_int_eq(appender_begin(&appender, file, ID, 100), 0);
    uint64_t end = add(&appender, &random, 100, 3 * ROUND + 5);
    end = add(&appender, &random, end, ROUND - (size_t)(end % ROUND)); /* full to the last byte */
    ck_assert_int_eq(appender_flush(&appender), 0);
    end = add(&appender, &random, end, 1);
    ck_assert_int_eq(appender_flush(&appender), 0);
    check_content(end);
    appender_close(&appender);
}
END_TEST

START_TEST(a_file_that_is_too_short_is_an_error)
{
    struct appender appender;
    appender_init(&appender);
    ck_assert_int_lt(appender_begin(&appender, file, ID, STREAM_BYTES + 10), 0);
    appender_close(&appender);
}
END_TEST

/* Written again it would get a good checksum. */
START_TEST(what_is_damaged_is_not_gone_on_with)
{
    struct random random = {.state = 9};
    struct appender appender;
    uint8_t byte;
    size_t got;
    appender_init(&appender);
    begin_at(&random, 700);
    uint64_t at = BLOCK_SIZE + (uint64_t)_i * 250;
    ck_assert_int_eq(fs_read(file, at, &byte, 1, &got), 0);
    byte ^= 4;
    ck_assert_int_eq(fs_write(file, at, &byte, 1), 0);
    ck_assert_int_eq(appender_begin(&appender, file, ID, 700), -EIO);
    ck_assert_int_eq(appender_begin(&appender, file, ID + 1, 700), -EIO);
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
    tcase_add_loop_test(tcase, what_is_damaged_is_not_gone_on_with, 0, 4);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
