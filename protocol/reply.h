/* Replies to text. A reply's first word is its code; every reply ends in CRLF.
 *
 *      OK VERSION           write, cas, ...      ERR_FILE_NOT_FOUND [NAME]    read, delete, ...
 *      OK VERSION VALUE     incr                 ERR_VERSION VERSION [NAME]   the file's version, 0 if absent
 *      OK                   delete, cancel       ERR_CMD_ERR REASON           a malformed command
 *      CONTENTS VERSION NUMBYTES EXPTIME         ERR_... REASON               see errors.def
 *      <contents>                                PONG, VERSION TEXT, BYE
 *      LIST REVISION NUMBYTES more|end           STAT version=... size=... exptime=... created=... xxh3=...
 *      <text>
 *      HELP NUMBYTES, STATUS NUMBYTES            NAME: where one of several files failed
 *      <text>
 *
 * The line of an answer that was asked for so goes on with ` stale revision=N`, and ` leaderless_s=N` where no leader
 * is known. */
#ifndef CLEAT_PROTOCOL_REPLY_H
#define CLEAT_PROTOCOL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chain.h"
#include "protocol/error.h"

/* How far an answer goes that comes from this node's own copy. */
struct reply_stale {
    uint64_t revision;     /* all changes up to there are in it */
    bool leaderless;       /* no leader is known, */
    uint64_t leaderless_s; /* for so long: there may be changes that were not heard of */
};

void reply_ok(struct chain *out);                              /* OK */
void reply_ok_version(struct chain *out, uint64_t version);    /* OK 7 */
void reply_ok_value(struct chain *out, uint64_t version, int64_t value); /* OK 7 -3 */
/* NAME is the file's, where it may be one of several; NULL: the client knows which. */
void reply_not_found(struct chain *out, const void *name, size_t name_size);
void reply_version_mismatch(struct chain *out, uint64_t version, const void *name, size_t name_size);
/* ERR_FILE_NOT_FOUND to who asked for this node's own copy. */
void reply_not_found_stale(struct chain *out, const struct reply_stale *stale);
/* CONTENTS and the value: SIZE bytes of BLOB from OFFSET; EXPTIME_S seconds remain, 0 for ever. STALE, here and below:
 * NULL for an answer that is not. */
void reply_contents(struct chain *out, uint64_t version, uint64_t exptime_s, struct blob *blob, size_t offset,
                    size_t size, const struct reply_stale *stale);
struct reply_stat {
    uint64_t version;
    uint64_t size;
    uint64_t exptime_s; /* that remain; 0: for ever */
    uint64_t created;   /* the version at which the file came to be */
    uint64_t hash;      /* XXH3, 64 bits, of its contents */
};
void reply_stat(struct chain *out, const struct reply_stat *stat, const struct reply_stale *stale);
/* LIST and the text: MORE says that the listing goes on behind it. */
void reply_list(struct chain *out, uint64_t revision, bool more, const void *text, size_t size,
                const struct reply_stale *stale);
/* "CODE SIZE", the text, and a line end: for HELP and STATUS. */
void reply_text(struct chain *out, const char *code, const void *text, size_t size);
void reply_line(struct chain *out, const char *line);          /* PONG, BYE, ... */
/* The error's code and REASON, or the error's usual reason where REASON is NULL. */
void reply_error(struct chain *out, enum reply_error error, const char *reason);

/* Likewise, with the usual reason, and before it the file's name: of a transaction. */
void reply_error_at(struct chain *out, enum reply_error error, const void *name, size_t name_size);

#endif
