#include "cli/quote.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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
            return "a quote is not closed";
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
    if (!end)
        return "a quote is not closed";
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

const char *quote_split(struct quote_words *words, const char *line)
{
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
        while (isspace((unsigned char)*line))
            line++;
    }
    return problem;
}

void quote_close(struct quote_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct quote_words){0};
}
