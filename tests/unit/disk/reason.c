/* What is told of calls that failed: the call, on what, why, and what can be done about it. */
#include "disk/reason.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

START_TEST(what_can_be_mended_is_told_with_how)
{
    static const struct {
        const char *call;
        int error;
        const char *mend; /* "": nothing that people could do is known */
    } cases[] = {
        {"write", -ENOSPC, "; free some room there"},
        {"write", -EDQUOT, "; free some room there"},
        {"write", -EFBIG, "; free some room there"},
        {"open", -EACCES, "; the user that cleatd runs as must be allowed to read and write it"},
        {"lock", -EPERM, "; the user that cleatd runs as must be allowed to read and write it"},
        {"mkdir", -EROFS, "; mount the file system for writing, or choose another place with --data"},
        {"mkdir", -ENOENT, "; make the directory above it, or choose another place with --data"},
        {"open", -ENOENT, ""},
        {"mkdir", -ENOTDIR, "; a file is where a directory must be: choose another place with --data"},
        {"open", -EMFILE, "; allow more open files (ulimit -n)"},
        {"open", -ENFILE, "; allow more open files (ulimit -n)"},
        {"memory for", -ENOMEM, "; cleatd needs more memory"},
        {"sync", -EIO, "; the disk does not do its work: the kernel's log may say why"},
        {"sync", -EINVAL, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reason[DISK_REASON_MAX], expected[DISK_REASON_MAX];
        snprintf(expected, sizeof expected, "%s /d/x: %s%s", cases[i].call, strerror(-cases[i].error), cases[i].mend);
        ck_assert_int_eq(reason_failed(reason, cases[i].call, "/d/x", cases[i].error), DISK_FAILED);
        ck_assert_str_eq(reason, expected);
        ck_assert(reason_has_mend(reason) == (cases[i].mend[0] != '\0'));
    }
}
END_TEST

START_TEST(a_long_path_leaves_room_for_the_mend)
{
    char reason[DISK_REASON_MAX], path[DISK_PATH_MAX];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    (void)reason_failed(reason, "mkdir", path, -ENOENT);
    ck_assert_ptr_nonnull(strstr(reason, "with --data"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reason");
    TCase *tests = tcase_create("reason");
    tcase_add_test(tests, what_can_be_mended_is_told_with_how);
    tcase_add_test(tests, a_long_path_leaves_room_for_the_mend);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
