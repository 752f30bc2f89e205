/* What a client reads: replies, and the values in them. Written apart from protocol/, to check it. */
#ifndef CLEAT_TESTS_SIM_ANSWER_H
#define CLEAT_TESTS_SIM_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum answer_kind {
    ANSWER_OK,         /* OK */
    ANSWER_OK_VERSION, /* OK version */
    ANSWER_OK_VALUE,   /* OK version value */
    ANSWER_CONTENTS,   /* CONTENTS version size exptime; bytes */
    ANSWER_NOT_FOUND,  /* ERR_FILE_NOT_FOUND [name] */
    ANSWER_VERSION,    /* ERR_VERSION version [name] */
    ANSWER_STAT,       /* STAT version=... size=... exptime=... created=... xxh3=... */
    ANSWER_LIST,       /* LIST revision size more|end; bytes */
    ANSWER_ERROR,      /* another ERR_...: code */
    ANSWER_TEXT,       /* anything else that a node may say */
};

struct answer {
    enum answer_kind kind;
    uint64_t version;
    uint64_t exptime_s;
    const uint8_t *bytes; /* borrowed */
    size_t size;
    char code[32];
    int64_t value;
    uint64_t created;     /* STAT; its size is in `size` */
    uint64_t hash;
    bool more;
    bool stale;           /* the line ended in that, and how far it goes */
    char name[256];       /* of the file at which a transaction failed; empty: none */
};

/* Parses the reply at the start of BYTES: its length, 0 if more bytes are needed, -1 if it is none. */
long answer_parse(const uint8_t *bytes, size_t size, struct answer *answer);

/* Appends the value of operation ID: SIZE bytes, from which the id can be told. */
void value_write(struct buffer *out, uint64_t id, size_t size);
enum { VALUE_SIZE_MIN = 24 };
/* Whose value BYTES are: 0 if they are not exactly what value_write made. */
uint64_t value_read(const uint8_t *bytes, size_t size);

#endif
