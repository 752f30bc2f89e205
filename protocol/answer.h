/* The server's answers to structs. Pure: copies nothing, allocates nothing, does no I/O.
 *
 *      OK [VERSION [VALUE]]                      ERR_FILE_NOT_FOUND [NAME], ERR_VERSION VERSION [NAME]
 *      CONTENTS VERSION NUMBYTES EXPTIME         ERR_... REASON           see errors.def
 *      <contents>                                STAT version=... size=... exptime=... created=... xxh3=...
 *      LIST REVISION NUMBYTES more|end           PONG, VERSION TEXT, BYE
 *      <text>
 *      HELP NUMBYTES, STATUS NUMBYTES
 *      <text>
 *
 * ` stale`, with ` KEY=VALUE`s behind it of which not all need be known here, may end CONTENTS, STAT, LIST and
 * ERR_FILE_NOT_FOUND. STAT may have further keys before it. Where an answer could begin there may be lines that a
 * server says by itself, without having been asked: they begin with a `+`, and who does not know them passes over them.
 *
 * One call takes one line. What follows it (contents, a text) is left to the caller, who skips or keeps it as it comes:
 * it need never be in memory as a whole. A line ends in CRLF, as the server writes it, or in LF. */
#ifndef CLEAT_PROTOCOL_ANSWER_H
#define CLEAT_PROTOCOL_ANSWER_H

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
    ANSWER_STAT,
    ANSWER_LIST,
};

struct answer {
    enum answer_kind kind;
    enum reply_error error; /* ANSWER_ERROR: which; REPLY_ERROR_COUNT for one that this program does not know */
    uint64_t version;       /* OK (0: none was given), CONTENTS, STAT, VERSION_MISMATCH; LIST: the revision */
    uint64_t exptime_s;     /* CONTENTS, STAT: what remains; 0: for ever */
    bool has_body;          /* CONTENTS, LIST, HELP, STATUS: body_size bytes follow the line, and CRLF */
    uint64_t body_size;
    bool has_value;         /* OK with a value: incr's */
    int64_t value;
    uint64_t size;          /* STAT: bytes of contents */
    uint64_t created;       /* STAT */
    uint64_t hash;          /* STAT: XXH3, 64 bits */
    bool more;              /* LIST: it goes on behind this */
    bool stale;             /* CONTENTS, STAT, LIST, NOT_FOUND: from the answering node's own copy, as was asked for */
    struct reply_stale how_stale; /* revision 0: it does not say */
    const uint8_t *name;    /* NOT_FOUND, VERSION_MISMATCH: which of several files; borrowed; NULL: it says none. A node
                               of an older version may say a mere `stale` here: who asked knows which it is */
    size_t name_size;
    const uint8_t *line;    /* without its end; borrowed from the input */
    size_t line_size;
};

enum answer_status {
    ANSWER_MORE,   /* the line is not complete: nothing consumed */
    ANSWER_LINE,   /* one line was parsed, and *CONSUMED is its length with its end */
    ANSWER_PUSHED, /* likewise, a line that is no answer but to be passed over: only its text is set */
    ANSWER_BAD,    /* this is no answer */
};

enum answer_status answer_parse(const uint8_t *bytes, size_t size, struct answer *answer, size_t *consumed);

#endif
