/* The client's text to structs. Which words and options a verb takes is told by its row (verb.h); here is how they are
 * read. Pure: copies nothing, allocates nothing, does no I/O.
 *
 *      VERB operand ... option ...     a line: operands by their place, then options in any order
 *      <contents>                      NUMBYTES bytes and a line end, where NUMBYTES is one of the operands
 *
 *      set NAME TEXT...                TEXT: all bytes behind the one blank after NAME, to the line's end
 *
 * A line ends in CRLF or LF, and so do contents. Words are separated by one or more spaces; verbs are lower case.
 * Numbers are plain decimal: digits only, below 2^64; DELTA may have a minus sign.
 *
 * Three ways in which a line can be wrong:
 *   - its end and that of its contents are known (a bad name, version or exptime, too few or too many words):
 *     `error` is set, the contents are to be read and dropped, the connection goes on;
 *   - they are not (unknown verb, bad numbytes, a line of 500 bytes or more): REQUEST_FATAL, close;
 *   - numbytes is above the value limit: REQUEST_FATAL with REQUEST_TOO_BIG, close. (The text of a set may be, too: its
 *     end is known.) */
#ifndef CLEAT_PROTOCOL_REQUEST_H
#define CLEAT_PROTOCOL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/limits.h"
#include "protocol/verb.h"

enum request_error {
    REQUEST_OK,
    REQUEST_UNKNOWN_VERB,
    REQUEST_LINE_TOO_LONG,
    REQUEST_BAD_NUMBYTES,
    REQUEST_TOO_BIG,
    REQUEST_BAD_END,      /* contents are not followed by a line end */
    REQUEST_BAD_NAME,     /* empty, longer than 250 bytes, or with a control character */
    REQUEST_BAD_VERSION,
    REQUEST_BAD_EXPTIME,
    REQUEST_BAD_WORDS,    /* too few or too many words */
    REQUEST_EMPTY_LINE,
    REQUEST_BAD_DELTA,
    REQUEST_BAD_OPTION,    /* not one that the verb has */
    REQUEST_OPTION_TWICE,
    REQUEST_BAD_VALUE,     /* an option cannot have that value: see `option` */
    REQUEST_BAD_CONDITION, /* if: neither a version nor absent nor present */
    REQUEST_SAME_NAME,     /* a change of two files: both names are one */
    REQUEST_BAD_KEYWORD,   /* cluster: no word that it takes */
    REQUEST_BAD_LEVEL,
    REQUEST_NO_TEXT,       /* set: not even the blank behind the name */
    REQUEST_ERROR_COUNT,
};

struct request {
    enum verb verb;           /* VERB_NONE where it is unknown */
    enum request_error error;
    const uint8_t *name;      /* borrowed from the input: the file, copy's and move's target, list's prefix, help's
                                 verb, or a verb that is unknown; NULL: none was given */
    size_t name_size;
    const uint8_t *other;     /* likewise: copy's and move's source, list's after; NULL: none */
    size_t other_size;
    const uint8_t *text;      /* likewise: set's contents */
    size_t text_size;
    const uint8_t *token;     /* likewise: what follows once=; NULL: none */
    size_t token_size;
    uint64_t version;         /* VERSION; of what a condition says: 0 for `absent` */
    uint64_t other_version;   /* the source's, where `has_version` and the verb has both */
    uint64_t exptime_s;       /* seconds to live; 0: for ever */
    uint64_t numbytes;        /* of the contents, at most the value limit; meaningful if has_contents */
    int64_t delta;            /* DELTA */
    uint16_t level;           /* cluster */
#ifdef CLEAT_TEST_LEVEL
    uint64_t note;            /* mark */
#endif
    uint64_t limit;           /* list */
    int16_t delimiter;        /* list: a byte; -1: none */
    uint8_t option;           /* enum verb_option: which one has a bad value */
    bool has_version;         /* where it need not be there: it is; if: false stands for `present` */
    bool has_contents;        /* contents follow the line, also when `error` is set */
    bool stale;               /* read, stat, list: from this node's copy, at once */
};

enum request_status {
    REQUEST_MORE,   /* the line is not complete: nothing consumed */
    REQUEST_LINE,   /* one line was parsed; look at request->error */
    REQUEST_FATAL,  /* the end of the command is not known; request->error says why */
};

/* Parses the line at the start of BYTES. *CONSUMED is its length with its end (for REQUEST_LINE only). */
enum request_status request_parse(const uint8_t *bytes, size_t size, uint64_t value_max_bytes,
                                  struct request *request, size_t *consumed);

/* What follows contents: 1 (LF) or 2 (CRLF) bytes of line end, 0 if more bytes are needed to tell, -1 if neither. */
int request_end(const uint8_t *bytes, size_t size);

/* Why REQUEST is wrong, for a person: one line without an end, in TEXT or a constant. Never NULL. */
enum { REQUEST_TEXT_MAX = 200 };
const char *request_error_text(const struct request *request, char text[REQUEST_TEXT_MAX]);

/* True if OPTION can have that value. */
bool request_value(enum verb_option option, const void *value, size_t size);

/* True for what may be a file's name: 1 to 250 bytes, no space, no control character. */
bool request_name(const void *name, size_t size);

/* All digits, at least one, below 2^64: true, and *NUMBER is set. */
bool request_number(const void *digits, size_t size, uint64_t *number);

#endif
