/* The story of a run: its hash, by which two runs of one seed are compared, and its readable lines. */
#ifndef CLEAT_TESTS_SIM_STORY_H
#define CLEAT_TESTS_SIM_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct story {
    int detail;      /* 0: nothing is printed; 1: what nodes, clients and faults do; 2: frames and disk requests too */
    uint64_t now_us; /* simulated time, from 0 */
    uint64_t hash;   /* over everything noted so far */
};

/* Puts a value, or bytes, into the hash. */
void story_note(struct story *story, uint64_t value);
void story_note_bytes(struct story *story, const void *bytes, size_t size);

/* Prints "TIME WHO TEXT" if DETAIL is wanted. Is not part of the hash. */
void story_tell(const struct story *story, int detail, const char *who, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
