/* A bug stops the program, whoever reads what it says. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "support/check.h"

enum { PATIENCE_S = 20, TEXT_BYTES = 8192 };

/* A child that meets a bug with WRITER as its stderr. Returns its wait status. */
static int meet_bug(int writer)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        signal(SIGPIPE, SIG_IGN);
        (void)dup2(writer, STDERR_FILENO);
        volatile int two = 2;
        ensure(two + two == 5);
        _exit(0);
    }
    int status = 0;
    for (time_t end = time(NULL) + PATIENCE_S; time(NULL) < end; usleep(1000)) {
        if (waitpid(child, &status, WNOHANG) == child)
            return status;
    }
    kill(child, SIGKILL);
    ck_abort_msg("it waits for its reader");
}

START_TEST(a_bug_is_told)
{
    int ends[2];
    char text[TEXT_BYTES] = "";
    ck_assert_int_eq(pipe(ends), 0);
    int status = meet_bug(ends[1]);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_int_gt(read(ends[0], text, sizeof text - 1), 0);
    ck_assert_ptr_eq(strstr(text, "event=bug condition=\"two + two == 5\" at=tests/unit/base/ensure.c:"), text);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

START_TEST(a_bug_stops_the_program_though_nobody_reads)
{
    int ends[2];
    static const char bytes[TEXT_BYTES];
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        continue;
    fcntl(ends[1], F_SETFL, 0);
    int status = meet_bug(ends[1]);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    close(ends[0]);
    status = meet_bug(ends[1]);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ensure");
    TCase *tests = tcase_create("ensure");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_bug_is_told);
    tcase_add_test(tests, a_bug_stops_the_program_though_nobody_reads);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
