/* Conditional requests and ranges (RFC 9110 sections 13 and 14). A file's entity tag is its version: "7". Pure. */
#ifndef CLEAT_HTTP_PRECONDITION_H
#define CLEAT_HTTP_PRECONDITION_H

#include <stdbool.h>
#include <stdint.h>

/* What must hold of a file for a change to be made. */
enum precondition_kind {
    PRECONDITION_NONE,
    PRECONDITION_ABSENT,  /* If-None-Match: * */
    PRECONDITION_PRESENT, /* If-Match: * */
    PRECONDITION_VERSION, /* If-Match: "7" */
};

struct precondition {
    enum precondition_kind kind;
    uint64_t version;     /* VERSION; PRECONDITION_NEVER where the tag is none that a file can have */
};
#define PRECONDITION_NEVER UINT64_MAX

/* Of a change. NULL, or why it cannot be kept. Headers that are not there are NULL. */
const char *precondition_parse(const char *if_match, const char *if_none_match, struct precondition *precondition);

/* Whether a list of tags, or *, matches VERSION. WEAK: weak tags (W/"7") match too (RFC 9110 section 8.8.3.2). */
bool precondition_matches(const char *list, uint64_t version, bool weak);

enum range_kind {
    RANGE_WHOLE,         /* none was asked for, or one that is not understood: the whole */
    RANGE_PART,
    RANGE_UNSATISFIABLE, /* 416 */
};

struct range {
    uint64_t first;
    uint64_t size;
};

/* A Range header (or NULL) on contents of SIZE bytes: bytes=0-99, bytes=100-, bytes=-100. Several ranges: the whole. */
enum range_kind range_parse(const char *header, uint64_t size, struct range *range);

#endif
