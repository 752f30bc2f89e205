#include "cli/quote.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/memory.h"

/* Told apart by their addresses. */
static const char open_single[] = "a quote is not closed", open_double[] = "a quote is not closed";

static unsigned hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    return (unsigned)(tolower((unsigned char)digit) - 'a') + 10;
}

/* What is behind a backslash in double quotes; *AT is then behind that. */
static const char *take_escape(const char **at, struct buffer *text)
{
    static const char letters[] = "ntr\\\"0", bytes[] = "\n\t\r\\\"";
    const char *letter = **at ? strchr(letters, **at) : NULL;
    if (letter) {
        buffer_append_u8(text, (uint8_t)bytes[letter - letters]);
        (*at)++;
        return NULL;
    }
    if ((*at)[0] == 'x' && isxdigit((unsigned char)(*at)[1]) && isxdigit((unsigned char)(*at)[2])) {
        buffer_append_u8(text, (uint8_t)(hex_digit((*at)[1]) << 4 | hex_digit((*at)[2])));
        *at += 3;
        return NULL;
    }
    return "behind a backslash in quotes there may be n, t, r, 0, \\, \" or xHH";
}

const char *quote_take(const char **at, struct buffer *text)
{
    const char *problem = NULL;
    (*at)++;
    while (**at != '"' && !problem) {
        if (**at == '\0')
            return open_double;
        if (**at == '\\') {
            (*at)++;
            problem = take_escape(at, text);
        } else {
            buffer_append_u8(text, (uint8_t) * (*at)++);
        }
    }
    *at += !problem;
    return problem;
}

static const char *take_single(const char **at, struct buffer *text)
{
    const char *end = strchr(*at + 1, '\'');
    if (!end) {
        buffer_append_text(text, *at + 1);
        *at += strlen(*at);
        return open_single;
    }
    buffer_append(text, *at + 1, (size_t)(end - *at) - 1);
    *at = end + 1;
    return NULL;
}

/* The word that begins at *AT, which is no blank. */
static const char *take_word(const char **at, struct buffer *text)
{
    const char *problem = NULL;
    while (!problem && **at && !isspace((unsigned char)**at)) {
        if (**at == '"') {
            problem = quote_take(at, text);
        } else if (**at == '\'') {
            problem = take_single(at, text);
        } else {
            *at += **at == '\\' && (*at)[1] != '\0';
            buffer_append_u8(text, (uint8_t) * (*at)++);
        }
    }
    if (!problem && buffer_size(text) > 0 && memchr(buffer_start(text), '\0', buffer_size(text)))
        problem = "a word cannot have a zero byte";
    return problem;
}

/* *REST: what is left of LINE, a comment or nothing; *BEGUN: it ends in a word, not behind a blank. */
static const char *split(struct quote_words *words, const char *line, const char **rest, bool *begun)
{
    *begun = false;
    *words = (struct quote_words){.list = memory_get(sizeof words->list[0])};
    const char *problem = NULL;
    while (isspace((unsigned char)*line))
        line++;
    while (*line && *line != '#' && !problem) {
        struct buffer text = {0};
        problem = take_word(&line, &text);
        char *word = memory_get(buffer_size(&text) + 1);
        if (buffer_size(&text) > 0)
            memcpy(word, buffer_start(&text), buffer_size(&text));
        buffer_close(&text);
        words->list = memory_resize(words->list, words->count + 2, sizeof words->list[0]);
        words->list[words->count++] = word;
        words->list[words->count] = NULL;
        *begun = *line == '\0';
        while (isspace((unsigned char)*line))
            line++;
    }
    *rest = line;
    return problem;
}

const char *quote_split(struct quote_words *words, const char *line)
{
    const char *rest;
    bool begun;
    return split(words, line, &rest, &begun);
}

bool quote_split_begun(struct quote_words *words, const char *line, enum quote_state *state)
{
    const char *rest;
    bool begun;
    size_t size = strlen(line), backslashes = 0;
    const char *problem = split(words, line, &rest, &begun);
    *state = problem == open_single ? QUOTE_SINGLE : problem == open_double ? QUOTE_DOUBLE : QUOTE_NONE;
    while (backslashes < size && line[size - 1 - backslashes] == '\\')
        backslashes++;
    if (*state == QUOTE_NONE && (problem || *rest != '\0' || (begun && backslashes % 2 == 1)))
        return false;
    if (!begun) {
        words->list = memory_resize(words->list, words->count + 2, sizeof words->list[0]);
        words->list[words->count++] = memory_get(1);
        words->list[words->count] = NULL;
    }
    return true;
}

/* --- the other way ------------------------------------------------------------------------------------------------ */

static void add_byte(struct buffer *typed, uint8_t byte, enum quote_state state)
{
    static const char *const forms[] = {
        [QUOTE_NONE] = "\"\\x%02x\"", [QUOTE_SINGLE] = "'\"\\x%02x\"'", [QUOTE_DOUBLE] = "\\x%02x"};
    char text[16];
    snprintf(text, sizeof text, forms[state], byte);
    buffer_append_text(typed, text);
}

/* LETTER is of ASCII. */
static void add_letter(struct buffer *typed, char letter, enum quote_state state, bool first)
{
    static const char *const special[] = {[QUOTE_NONE] = " \\'\"", [QUOTE_SINGLE] = "'", [QUOTE_DOUBLE] = "\\\""};
    bool escaped = strchr(special[state], letter) || (state == QUOTE_NONE && first && letter == '#');
    if (escaped)
        buffer_append_text(typed, state == QUOTE_SINGLE ? "'\\" : "\\");
    buffer_append_u8(typed, (uint8_t)letter);
    if (escaped && state == QUOTE_SINGLE)
        buffer_append_text(typed, "'");
}

char *quote_typed(const char *text, enum quote_state state, bool first, bool last)
{
    struct buffer typed = {0};
    mbstate_t shift = {0};
    for (const char *at = text, *end = text + strlen(text); at < end;) {
        wchar_t wide;
        size_t size = mbrtowc(&wide, at, (size_t)(end - at), &shift);
        bool shown = size <= (size_t)(end - at) && iswprint((wint_t)wide);
        if (size > (size_t)(end - at)) {
            size = 1;
            shift = (mbstate_t){0};
        }
        if (shown && size == 1)
            add_letter(&typed, *at, state, first && at == text);
        else if (shown)
            buffer_append(&typed, at, size);
        else
            for (size_t i = 0; i < size; i++)
                add_byte(&typed, (uint8_t)at[i], state);
        at += size;
    }
    if (last && state != QUOTE_NONE)
        buffer_append_u8(&typed, state == QUOTE_SINGLE ? '\'' : '"');
    char *copy = memory_get(buffer_size(&typed) + 1);
    if (buffer_size(&typed) > 0)
        memcpy(copy, buffer_start(&typed), buffer_size(&typed));
    buffer_close(&typed);
    return copy;
}

void quote_close(struct quote_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct quote_words){0};
}
