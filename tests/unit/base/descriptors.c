/* Each case is a process of its own that begins with some of its descriptors closed. */
#include "base/descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/check.h"

enum { COMBINATIONS = 8 };

/* The number at which WHAT failed in a child whose descriptors of MASK are closed; 0: all went well. */
static int in_child(unsigned mask, int (*what)(unsigned))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        for (int file = 0; file <= 2; file++)
            if (mask >> file & 1)
                (void)close(file);
        _exit(what(mask));
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int filled(unsigned mask)
{
    char byte = 'x';
    if (descriptors_fill() != NULL)
        return 1;
    for (int file = 0; file <= 2; file++)
        if (fcntl(file, F_GETFD) < 0)
            return 2;
    if ((mask & 1) && read(0, &byte, 1) >= 0)
        return 3; /* an end of stdin that nobody sent */
    for (int file = 1; file <= 2; file++)
        if ((mask >> file & 1) && write(file, &byte, 1) >= 0)
            return 4; /* written, and yet nowhere */
    if (open("/", O_RDONLY) <= 2)
        return 5;
    return 0;
}

/* As FILLED, but there is no /dev/null. */
static int filled_without_devices(unsigned mask)
{
    char place[] = "/tmp/cleat-descriptors-XXXXXX";
    if (!mkdtemp(place) || chroot(place) < 0)
        return 10;
    return filled(mask);
}

/* No descriptor may be opened at all. */
static int refused(unsigned mask)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_NOFILE, &none) < 0)
        return 1;
    return (descriptors_fill() == NULL) == (mask == 0) ? 0 : 2;
}

START_TEST(any_that_are_closed_are_filled)
{
    ck_assert_int_eq(in_child((unsigned)_i, filled), 0);
}
END_TEST

START_TEST(without_devices_too)
{
    if (geteuid() == 0) /* none other may change its root */
        ck_assert_int_eq(in_child((unsigned)_i, filled_without_devices), 0);
}
END_TEST

START_TEST(what_cannot_be_filled_is_told)
{
    ck_assert_int_eq(in_child((unsigned)_i, refused), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("descriptors");
    TCase *tests = tcase_create("descriptors");
    tcase_add_loop_test(tests, any_that_are_closed_are_filled, 0, COMBINATIONS);
    tcase_add_loop_test(tests, without_devices_too, 0, COMBINATIONS);
    tcase_add_loop_test(tests, what_cannot_be_filled_is_told, 0, COMBINATIONS);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
