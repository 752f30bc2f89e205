#include "protocol/suggest.h"

#include <string.h>

#include "base/ensure.h"

enum {
    WORD_MAX = 15,      /* what is longer resembles no verb */
    TYPED_SHORT = 4,    /* up to so many bytes one slip is all that is forgiven; */
    SLIPS_MAX = 2,      /* in longer words, so many */
    VERB_SHORTEST = 3,  /* too much resembles `if` */
};

/* Words of other systems. */
static const char *const synonyms[VERB_COUNT] = {
#define VERB(id, name, class, right, level, kind, txn, needs, rest, operands, options, metric, summary, words, help) \
    [VERB_##id] = words,
#include "protocol/verbs.def"
#undef VERB
};

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t less = a < b ? a : b;
    return less < c ? less : c;
}

/* How many slips make WORD of VERB: a byte too many, one missing, another one, or two exchanged. */
static size_t slips(const char *word, size_t size, const char *verb)
{
    size_t verb_size = strlen(verb);
    size_t rows[3][WORD_MAX + 1]; /* of the last two bytes of the word, and this one; by bytes of the verb */
    ensure(size <= WORD_MAX && verb_size <= WORD_MAX);
    for (size_t j = 0; j <= verb_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= size; i++) {
        size_t *row = rows[i % 3], *before = rows[(i + 2) % 3];
        const size_t *two_before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= verb_size; j++) {
            row[j] = smallest(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word[i - 1] != verb[j - 1]));
            bool exchanged = i > 1 && j > 1 && word[i - 1] == verb[j - 2] && word[i - 2] == verb[j - 1];
            if (exchanged && two_before[j - 2] + 1 < row[j])
                row[j] = two_before[j - 2] + 1;
        }
    }
    return rows[size % 3][verb_size];
}

static enum verb by_synonym(const char *word)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
        if (strstr(synonyms[verb], word))
            return verb;
    return VERB_NONE;
}

/* The verb with the fewest slips; of several the first. */
static enum verb by_typo(const char *word, size_t size)
{
    size_t fewest = (size > TYPED_SHORT ? SLIPS_MAX : 1) + 1;
    enum verb nearest = VERB_NONE;
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        const char *name = verb_name(verb);
        size_t count = strlen(name) < VERB_SHORTEST ? fewest : slips(word, size, name);
        if (count < fewest) {
            fewest = count;
            nearest = verb;
        }
    }
    return nearest;
}

enum verb suggest_verb(const void *word, size_t size)
{
    const char *bytes = word;
    char lower[WORD_MAX + 3] = " "; /* a space before, one behind, and the end */
    if (size == 0 || size > WORD_MAX)
        return VERB_NONE;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] <= ' ' || bytes[i] > '~')
            return VERB_NONE;
        lower[i + 1] = (char)(bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] - 'A' + 'a' : bytes[i]);
    }
    enum verb verb = verb_find(lower + 1, size);
    if (verb != VERB_NONE)
        return verb;
    lower[size + 1] = ' ';
    verb = by_synonym(lower);
    return verb != VERB_NONE ? verb : by_typo(lower + 1, size);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static void add(char text[SUGGEST_TEXT_MAX], const char *more)
{
    size_t used = strlen(text), size = strlen(more) + 1;
    ensure(size <= SUGGEST_TEXT_MAX - used);
    memcpy(text + used, more, size);
}

static void add_suggestion(char text[SUGGEST_TEXT_MAX], enum verb verb)
{
    if (verb == VERB_NONE)
        return;
    add(text, "; did you mean ");
    add(text, verb_name(verb));
    add(text, "?");
}

static bool has_capitals(const char *word, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (word[i] >= 'A' && word[i] <= 'Z')
            return true;
    return false;
}

const char *suggest_unknown(const void *word, size_t size, char text[SUGGEST_TEXT_MAX])
{
    enum verb verb = suggest_verb(word, size);
    text[0] = '\0';
    add(text, "unknown verb");
    if (verb == VERB_NONE || has_capitals(word, size))
        add(text, " (they are lower case)");
    add_suggestion(text, verb);
    add(text, verb == VERB_NONE ? "; 'help' lists them; closing" : " 'help' lists them; closing");
    return text;
}

const char *suggest_help(const void *word, size_t size, char text[SUGGEST_TEXT_MAX])
{
    enum verb verb = suggest_verb(word, size);
    text[0] = '\0';
    add(text, "no such verb");
    add_suggestion(text, verb);
    add(text, verb == VERB_NONE ? "; 'help' alone lists them" : " 'help' alone lists them");
    return text;
}
