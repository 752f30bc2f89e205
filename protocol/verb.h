/* The verbs, their operands and their options: what the tables verbs.def, operands.def and options.def say. Whoever
 * needs a fact of a verb asks here; only texts for people are read from verbs.def by those who tell them (help.c,
 * suggest.c), and the commands that verbs make by asked.c. Pure. */
#ifndef CLEAT_PROTOCOL_VERB_H
#define CLEAT_PROTOCOL_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ensure.h"

enum verb {
    VERB_NONE,
#define VERB(id, ...) VERB_##id,
#include "protocol/verbs.def"
#undef VERB
    VERB_COUNT,
};

enum verb_class {
    CLASS_CHANGE,      /* becomes a command of the log */
    CLASS_QUESTION,    /* about files: answered when this node's copy is known to be new enough */
    CLASS_STREAM,      /* goes on being answered */
    CLASS_BLOCKING,    /* waits for something that others do */
    CLASS_TRANSACTION, /* begins, makes or ends one */
    CLASS_CLUSTER,     /* changes the cluster itself: a command of the log, made by an operator */
    CLASS_NODE,        /* about the node, which answers by itself, at once */
};

/* What a client must be allowed to. */
enum right { RIGHT_NONE, RIGHT_READ, RIGHT_WRITE, RIGHT_OPERATE };

enum operand {
    OPERAND_NONE,
#define OPERAND(id, label, form) OPERAND_##id,
#include "protocol/operands.def"
#undef OPERAND
    OPERAND_COUNT,
};

enum operand_form {
    FORM_NONE,
    FORM_NAME,       /* the file that it is about; of two the target */
    FORM_OTHER_NAME, /* the source */
    FORM_PREFIX,     /* how names begin */
    FORM_WORD,       /* any */
    FORM_NUMBYTES,   /* contents follow the line */
    FORM_VERSION,
    FORM_OTHER_VERSION, /* the source's */
    FORM_EXPTIME,
    FORM_DELTA,
    FORM_CONDITION,
    FORM_KEYWORD,    /* the label itself */
    FORM_LEVEL,
    FORM_TEXT,       /* the rest of the line, options included */
};

enum verb_option {
#define OPTION(id, ...) VERB_OPTION_##id,
#include "protocol/options.def"
#undef OPTION
    VERB_OPTION_COUNT,
};

enum verb_option_form { OPTION_FORM_FLAG, OPTION_FORM_BYTES, OPTION_FORM_NUMBER, OPTION_FORM_CHAR };

enum { VERB_OPERANDS_MAX = 4 };

struct verb_row {
    const char *name;
    const char *metric;    /* its label; NULL: it is not counted by itself */
    uint32_t options;      /* a bit (1 << enum verb_option) each */
    uint8_t name_size;
    uint8_t class;         /* enum verb_class */
    uint8_t right;         /* enum right */
    uint8_t level;
    bool in_txn;           /* may be a line of a transaction */
    bool together;         /* of the words that need not be there, all are or none */
    uint8_t needs;         /* words that must be there, the verb counted, and so below */
    uint8_t most;          /* words that may be there, options not counted */
    uint8_t contents;      /* the place of NUMBYTES, so that contents follow the line; 0: none do */
    uint8_t text;          /* the place of TEXT; 0: there is none */
    uint8_t operands[1 + VERB_OPERANDS_MAX]; /* enum operand, by place; 0: the verb itself */
};

struct operand_row {
    const char *label;
    uint8_t form;          /* enum operand_form */
};

struct option_row {
    const char *word;
    const char *value;     /* how help writes it; NULL: it takes none */
    const char *rule;      /* which values it may have, for people */
    uint64_t low, high;    /* of numbers; of bytes, how many */
    uint8_t word_size;
    uint8_t form;          /* enum verb_option_form */
};

/* Use these by verb_row and the like. */
extern const struct verb_row verb_rows[VERB_COUNT];
extern const struct operand_row operand_rows[OPERAND_COUNT];
extern const struct option_row option_rows[VERB_OPTION_COUNT];

/* VERB's row: not of VERB_NONE. */
static inline const struct verb_row *verb_row(enum verb verb)
{
    ensure(verb > VERB_NONE && verb < VERB_COUNT);
    return &verb_rows[verb];
}

/* The verb of that name, or VERB_NONE. Inline, for it is looked for in every line. */
static inline enum verb verb_find(const void *name, size_t size)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        if (verb_rows[verb].name_size == size && memcmp(verb_rows[verb].name, name, size) == 0)
            return verb;
    return VERB_NONE;
}

/* Its name. */
const char *verb_name(enum verb verb);

/* True if a line of COUNT words, options not counted, may be one of ROW's. */
static inline bool verb_takes(const struct verb_row *row, size_t count)
{
    return count == row->needs || count == row->most || (count > row->needs && count < row->most && !row->together);
}

/* The form of the word at PLACE (the verb's own is 0); FORM_NONE behind the last. */
enum operand_form verb_form(const struct verb_row *row, size_t place);
/* The place at which ROW has a word of that form; 0: nowhere. */
size_t verb_place(const struct verb_row *row, enum operand_form form);

#endif
