/* Replies to text. A reply's first word is its code; every reply ends in CRLF.
 *
 *      OK VERSION           write, cas           ERR_FILE_NOT_FOUND       read, delete
 *      OK                   delete               ERR_VERSION VERSION      cas: the file's version, 0 if absent
 *      CONTENTS VERSION NUMBYTES EXPTIME         ERR_CMD_ERR REASON       a malformed command
 *      <contents>                                ERR_... REASON           see enum reply_error
 *      HELP NUMBYTES, STATUS NUMBYTES            PONG, VERSION TEXT, BYE
 *      <text> */
#ifndef CLEAT_PROTOCOL_REPLY_H
#define CLEAT_PROTOCOL_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/chain.h"

/* Errors with a reason for people behind the code. All but ERR_TIMEOUT certainly had no effect. */
enum reply_error {
    REPLY_CMD_ERR,
    REPLY_NO_LEADER,
    REPLY_TIMEOUT,      /* the one error after which the command may yet take effect */
    REPLY_BUSY,
    REPLY_TOO_BIG,
    REPLY_STORE_FULL,
    REPLY_DISK_FULL,
    REPLY_INTERNAL,
    REPLY_ERROR_COUNT,
};

void reply_ok(struct chain *out);                              /* OK */
void reply_ok_version(struct chain *out, uint64_t version);    /* OK 7 */
void reply_not_found(struct chain *out);                       /* ERR_FILE_NOT_FOUND */
void reply_version_mismatch(struct chain *out, uint64_t version);
/* CONTENTS and the value: SIZE bytes of BLOB from OFFSET; EXPTIME_S seconds remain, 0 for ever. */
void reply_contents(struct chain *out, uint64_t version, uint64_t exptime_s, struct blob *blob, size_t offset,
                    size_t size);
/* "CODE SIZE", the text, and a line end: for HELP and STATUS. */
void reply_text(struct chain *out, const char *code, const void *text, size_t size);
void reply_line(struct chain *out, const char *line);          /* PONG, BYE, ... */
/* The error's code and REASON, or the error's usual reason where REASON is NULL. */
void reply_error(struct chain *out, enum reply_error error, const char *reason);

/* "ERR_BUSY" and so on. */
const char *reply_error_code(enum reply_error error);

#endif
