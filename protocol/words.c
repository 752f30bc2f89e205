#include "protocol/words.h"

#include <string.h>

#include "base/ensure.h"

void words_split(const uint8_t *line, size_t size, struct words *words)
{
    const uint8_t *at = line, *end = line + size;
    size_t count = 0;
    for (; count < WORDS_MAX; count++) {
        while (at < end && *at == ' ')
            at++;
        if (at == end)
            break;
        const uint8_t *start = at;
        while (at < end && *at != ' ')
            at++;
        words->at[count] = (struct word){start, (size_t)(at - start)};
    }
    words->count = count; /* what is behind is not zeroed: this is done for every command */
}

bool word_is(const struct word *word, const char *text)
{
    size_t size = strlen(text);
    return word->size == size && memcmp(word->bytes, text, size) == 0;
}

bool word_begins(const struct word *word, const char *text, struct word *rest)
{
    size_t size = strlen(text);
    if (word->size < size || memcmp(word->bytes, text, size) != 0)
        return false;
    *rest = (struct word){word->bytes + size, word->size - size};
    return true;
}

enum number number_parse(const uint8_t *digits, size_t size, uint64_t *number)
{
    uint64_t value = 0;
    bool large = false;
    for (size_t i = 0; i < size; i++) {
        uint8_t digit = (uint8_t)(digits[i] - '0');
        if (digit > 9)
            return NUMBER_BAD;
        if (value > (UINT64_MAX - digit) / 10)
            large = true;
        else
            value = value * 10 + digit;
    }
    if (size == 0)
        return NUMBER_BAD;
    if (large)
        return NUMBER_LARGE;
    *number = value;
    return NUMBER_OK;
}

bool integer_parse(const uint8_t *text, size_t size, int64_t *integer)
{
    bool negative = size > 0 && text[0] == '-';
    uint64_t magnitude;
    if (number_parse(text + negative, size - negative, &magnitude) != NUMBER_OK)
        return false;
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return false;
    *integer = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return true;
}

size_t integer_format(int64_t integer, uint8_t text[INTEGER_TEXT_MAX])
{
    uint8_t digits[INTEGER_TEXT_MAX];
    size_t start = sizeof digits;
    uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        digits[--start] = (uint8_t)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (integer < 0)
        digits[--start] = '-';
    size_t size = sizeof digits - start;
    ensure(size <= INTEGER_TEXT_MAX);
    memcpy(text, digits + start, size);
    return size;
}
