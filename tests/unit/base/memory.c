/* Memory that is not there ends the program, with an event of its own: it was once told as a bug of the program. */
#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/pool.h"
#include "support/check.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { LARGE = 512 * 1024 * 1024 };

static volatile size_t too_much = PTRDIFF_MAX / 2; /* the compiler is not to know */
static char *kept;

static void get(void)
{
    kept = memory_get(too_much);
}

static void resize(void)
{
    kept = memory_resize(NULL, too_much / 8, 8);
}

/* These ask for little, so nothing may be left for them. */
static void starve(void)
{
    const struct rlimit none = {0, 0};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
}

static void append(void)
{
    struct buffer buffer = {0};
    kept = memory_get(LARGE);
    starve();
    buffer_append(&buffer, kept, LARGE);
}

static void pool(void)
{
    struct pool things;
    pool_init(&things, 128);
    starve();
    for (;;)
        (void)pool_get(&things);
}

static const struct {
    void (*ask)(void);
    const char *line; /* how it begins */
} cases[] = {
    {get, "event=out_of_memory bytes=4611686018427387903 function=get reason=\"the system has no more memory: "},
    {resize, "event=out_of_memory bytes=4611686018427387896 function=resize reason=\""},
    {append, "event=out_of_memory bytes=536870912 function=buffer_append reason=\""},
    {pool, "event=out_of_memory bytes="},
};

START_TEST(it_is_said_how_much_was_asked_for_and_by_whom)
{
    int ends[2], status;
    char said[400] = "";
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        cases[_i].ask();
        _exit(0);
    }
    close(ends[1]);
    ck_assert_int_ge(read(ends[0], said, sizeof said - 1), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(strncmp(said, cases[_i].line, strlen(cases[_i].line)) == 0, "%s", said);
    ck_assert_int_eq(said[strlen(said) - 1], '\n');
    ck_assert_ptr_null(strstr(said, "event=bug"));
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
}
END_TEST

START_TEST(what_is_there_is_zeros_and_grows)
{
    uint8_t *bytes = memory_get(100);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(bytes[i], 0);
    bytes[99] = 7;
    bytes = memory_resize(bytes, 1000, 3);
    ck_assert_uint_eq(bytes[99], 7);
    free(bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    int count = sizeof cases / sizeof *cases;
    /* A sanitizer ends the program itself, and needs much address space. */
    tcase_add_loop_test(tests, it_is_said_how_much_was_asked_for_and_by_whom, 0, SANITIZED ? 0 : count);
    tcase_add_test(tests, what_is_there_is_zeros_and_grows);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
