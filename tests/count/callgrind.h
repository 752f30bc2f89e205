/* Requests to callgrind; they do nothing outside of it, and are nothing where valgrind's header is not installed. */
#ifndef CLEAT_TESTS_COUNT_CALLGRIND_H
#define CLEAT_TESTS_COUNT_CALLGRIND_H

#if defined(__has_include)
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#endif
#endif

#ifndef CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_TOGGLE_COLLECT ((void)0)
#define CALLGRIND_START_INSTRUMENTATION ((void)0)
#define CALLGRIND_STOP_INSTRUMENTATION ((void)0)
#endif

#endif
