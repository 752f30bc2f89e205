#include "protocol/verb.h"

#include <string.h>

#include "base/ensure.h"
#include "protocol/level.h"
#include "protocol/limits.h"

#define WITH(option) (1u << VERB_OPTION_##option)
#define OPERANDS(...) OPERAND_NONE, __VA_ARGS__
#define NO_OPERANDS OPERAND_NONE

/* The place of the operand `id` among those that follow; 0: it is not there. */
#define PLACE(id, ...) PLACE_AMONG(OPERAND_##id, __VA_ARGS__, 0, 0, 0, 0, 0)
#define PLACE_AMONG(id, none, a, b, c, d, ...) ((a) == id ? 1 : (b) == id ? 2 : (c) == id ? 3 : (d) == id ? 4 : 0)

enum { NO_TXN, IN_TXN };
enum { ANY, TOGETHER };

const struct verb_row verb_rows[VERB_COUNT] = {
#define VERB(id, name_, class_, right_, level_, kind, txn, needs_, rest, operands_, options_, metric_, ...)           \
    [VERB_##id] = {                                                                                                  \
        .name = name_,                                                                                               \
        .name_size = sizeof name_ - 1,                                                                               \
        .class = CLASS_##class_,                                                                                     \
        .right = RIGHT_##right_,                                                                                     \
        .level = level_,                                                                                             \
        .in_txn = txn,                                                                                               \
        .together = (rest) == TOGETHER,                                                                              \
        .needs = 1 + needs_,                                                                                         \
        .most = sizeof(uint8_t[]){operands_},                                                                        \
        .contents = PLACE(NUMBYTES, operands_),                                                                      \
        .text = PLACE(TEXT, operands_),                                                                              \
        .operands = {operands_},                                                                                     \
        .options = options_,                                                                                         \
        .metric = metric_,                                                                                           \
    },
#include "protocol/verbs.def"
#undef VERB
};

#define VERB(id, text, class, right, level, kind, txn, needs, rest, operands, ...)                                   \
    _Static_assert(level >= LEVEL_BASE && level <= LEVEL_KNOWN, text ": whoever knows a verb knows its level");      \
    _Static_assert(1 + needs <= sizeof(uint8_t[]){operands}, text ": it needs more words than it has");                \
    _Static_assert(sizeof(uint8_t[]){operands} <= 1 + VERB_OPERANDS_MAX, text ": a row has no room for so many words");
#include "protocol/verbs.def"
#undef VERB

const struct operand_row operand_rows[OPERAND_COUNT] = {
#define OPERAND(id, text, form_) [OPERAND_##id] = {.label = text, .form = FORM_##form_},
#include "protocol/operands.def"
#undef OPERAND
};

const struct option_row option_rows[VERB_OPTION_COUNT] = {
#define OPTION(id, word_, value_, form_, field, low_, high_, rule_)                                                  \
    [VERB_OPTION_##id] = {                                                                                           \
        .word = word_,                                                                                               \
        .word_size = sizeof word_ - 1,                                                                               \
        .value = value_,                                                                                             \
        .form = OPTION_FORM_##form_,                                                                                 \
        .low = low_,                                                                                                 \
        .high = high_,                                                                                               \
        .rule = rule_,                                                                                               \
    },
#include "protocol/options.def"
#undef OPTION
};
_Static_assert(VERB_OPTION_COUNT <= 32, "a set of options is an uint32_t");

const char *verb_name(enum verb verb)
{
    return verb_row(verb)->name;
}

enum operand_form verb_form(const struct verb_row *row, size_t place)
{
    return place < row->most ? operand_rows[row->operands[place]].form : FORM_NONE;
}

size_t verb_place(const struct verb_row *row, enum operand_form form)
{
    for (size_t place = 1; place < row->most; place++)
        if (operand_rows[row->operands[place]].form == form)
            return place;
    return 0;
}
