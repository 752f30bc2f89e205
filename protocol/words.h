/* Lines of text, and the words and numbers in them: what requests are made of. Pure: copies nothing. */
#ifndef CLEAT_PROTOCOL_WORDS_H
#define CLEAT_PROTOCOL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORDS_MAX = 8 }; /* no command has so many: one more than the longest shows that there are too many */

struct word {
    const uint8_t *bytes;
    size_t size;
};

struct words {
    size_t count; /* the verb included; at most WORDS_MAX, whatever the line holds */
    struct word at[WORDS_MAX];
};

/* The words of a line, which one or more spaces separate. */
void words_split(const uint8_t *line, size_t size, struct words *words);

/* True if WORD is TEXT. */
bool word_is(const struct word *word, const char *text);
/* True if WORD begins with TEXT ("key="): what follows it is in *REST. */
bool word_begins(const struct word *word, const char *text, struct word *rest);

enum number {
    NUMBER_OK,
    NUMBER_BAD,   /* empty, or not all digits */
    NUMBER_LARGE, /* all digits, but 2^64 or more */
};

enum number number_parse(const uint8_t *digits, size_t size, uint64_t *number);

/* A whole number with or without a minus sign, from -2^63 to 2^63 - 1, in digits alone. False: TEXT is none. */
bool integer_parse(const uint8_t *text, size_t size, int64_t *integer);

enum { INTEGER_TEXT_MAX = 20 }; /* "-9223372036854775808" */
/* INTEGER as text; returns its size. */
size_t integer_format(int64_t integer, uint8_t text[INTEGER_TEXT_MAX]);

#endif
