/* The frame of a Check program: one suite, named after the file, run in one process per test. */
#ifndef CLEAT_TESTS_SUPPORT_CHECK_H
#define CLEAT_TESTS_SUPPORT_CHECK_H

#include <check.h>

/* Runs SUITE, prints a line per failure and the counts; returns main()'s result. */
int check_run(Suite *suite);

#endif
