/* The server's answers to structs. Pure: copies nothing, allocates nothing, does no I/O.
 *
 *      OK VERSION           write, cas           ERR_FILE_NOT_FOUND       read, delete
 *      OK                   delete               ERR_VERSION VERSION      cas
 *      CONTENTS VERSION NUMBYTES EXPTIME         ERR_... REASON           see enum reply_error
 *      <contents>
 *      HELP NUMBYTES, STATUS NUMBYTES            PONG, VERSION TEXT, BYE
 *      <text>
 *
 * One call takes one line. What follows it (contents, a text) is left to the caller, who skips or keeps it as it comes:
 * it need never be in memory as a whole. A line ends in CRLF, as the server writes it, or in LF. */
#ifndef CLEAT_CLIENT_ANSWER_H
#define CLEAT_CLIENT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/reply.h"

enum {
    ANSWER_LINE_MAX = 510,  /* bytes in a line, its end not counted */
    ANSWER_END_SIZE = 2,    /* of the CRLF after contents and texts */
};

enum answer_kind {
    ANSWER_OK,
    ANSWER_CONTENTS,
    ANSWER_NOT_FOUND,        /* ERR_FILE_NOT_FOUND */
    ANSWER_VERSION_MISMATCH, /* ERR_VERSION */
    ANSWER_ERROR,            /* any other ERR_...: see `error` */
    ANSWER_PONG,
    ANSWER_VERSION,
    ANSWER_HELP,
    ANSWER_STATUS,
    ANSWER_BYE,
};

struct answer {
    enum answer_kind kind;
    enum reply_error error; /* ANSWER_ERROR: which; REPLY_ERROR_COUNT for one that this program does not know */
    uint64_t version;       /* OK (0: none was given), CONTENTS, VERSION_MISMATCH */
    uint64_t exptime_s;     /* CONTENTS: what remains; 0: for ever */
    bool has_body;          /* CONTENTS, HELP, STATUS: body_size bytes follow the line, and CRLF */
    uint64_t body_size;
    const uint8_t *line;    /* without its end; borrowed from the input */
    size_t line_size;
};

enum answer_status {
    ANSWER_MORE,  /* the line is not complete: nothing consumed */
    ANSWER_LINE,  /* one line was parsed, and *CONSUMED is its length with its end */
    ANSWER_BAD,   /* this is no answer */
};

enum answer_status answer_parse(const uint8_t *bytes, size_t size, struct answer *answer, size_t *consumed);

#endif
