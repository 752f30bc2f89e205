#include "torture/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LINE_MAX = 256, WORDS_MAX = 16 };

const char *const operation_kind_names[OPERATION_KINDS] = {"read", "write", "cas", "delete", "final"};
const char *const outcome_names[OUTCOMES] = {
    "OK", "CONTENTS", "ERR_FILE_NOT_FOUND", "ERR_VERSION", "ERR_REFUSED", "ERR_TIMEOUT", "BROKEN",
};

void history_close(struct history *history)
{
    free(history->operations);
    *history = (struct history){0};
}

void history_add(struct history *history, const struct operation *operation)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity > 0 ? history->capacity * 2 : 1024;
        history->operations = memory_resize(history->operations, history->capacity, sizeof *history->operations);
    }
    history->operations[history->count++] = *operation;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void print_command(const struct operation *operation, FILE *file)
{
    fprintf(file, "%s f%" PRIu32, operation_kind_names[operation->kind], operation->file);
    if (operation->kind == OPERATION_CAS)
        fprintf(file, " %" PRIu64, operation->expected);
    if (operation_writes(operation))
        fprintf(file, " =%" PRIu32 " %" PRIu32, operation->value, operation->exptime_s);
}

void operation_print(const struct operation *operation, FILE *file)
{
    fprintf(file, "%" PRIu64 " ", operation->invoked_us);
    if (operation->returned_us == UINT64_MAX)
        fputs("-", file);
    else
        fprintf(file, "%" PRIu64, operation->returned_us);
    fprintf(file, " c%" PRIu32 " n%u ", operation->connection, operation->node);
    print_command(operation, file);
    fprintf(file, " : %s", outcome_names[operation->outcome]);
    if (operation->outcome == OUTCOME_CONTENTS)
        fprintf(file, " %" PRIu64 " =%" PRIu32 " %" PRIu32, operation->version, operation->value,
                operation->remaining_s);
    else if (operation->outcome == OUTCOME_MISMATCH || (operation->outcome == OUTCOME_OK && operation->version > 0))
        fprintf(file, " %" PRIu64, operation->version);
    fputc('\n', file);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

struct words {
    char *words[WORDS_MAX];
    size_t count;
    size_t next;
    bool bad; /* a word was missing, or was not what it should be */
};

static struct words split(char *line)
{
    struct words words = {0};
    char *rest = line;
    for (char *word; (word = strtok_r(rest, " \r\n", &rest)) != NULL;) {
        words.bad = words.count == WORDS_MAX;
        if (words.bad)
            break;
        words.words[words.count++] = word;
    }
    return words;
}

static const char *next_word(struct words *words)
{
    if (words->next < words->count)
        return words->words[words->next++];
    words->bad = true;
    return "";
}

/* A number, after the text PREFIX. */
static uint64_t next_number(struct words *words, const char *prefix)
{
    const char *word = next_word(words);
    size_t size = strlen(prefix);
    char *end = NULL;
    if (strncmp(word, prefix, size) != 0 || word[size] < '0' || word[size] > '9') {
        words->bad = true;
        return 0;
    }
    uint64_t number = strtoull(word + size, &end, 10);
    words->bad = words->bad || *end != '\0';
    return number;
}

static uint8_t next_name(struct words *words, const char *const names[], size_t count)
{
    const char *word = next_word(words);
    for (size_t i = 0; i < count; i++)
        if (strcmp(word, names[i]) == 0)
            return (uint8_t)i;
    words->bad = true;
    return 0;
}

static void parse_reply(struct words *words, struct operation *operation)
{
    words->bad = strcmp(next_word(words), ":") != 0 || words->bad;
    operation->outcome = next_name(words, outcome_names, OUTCOMES);
    bool versioned = operation->outcome == OUTCOME_CONTENTS || operation->outcome == OUTCOME_MISMATCH ||
                     (operation->outcome == OUTCOME_OK && operation_writes(operation));
    if (versioned)
        operation->version = next_number(words, "");
    if (operation->outcome == OUTCOME_CONTENTS) {
        operation->value = (uint32_t)next_number(words, "=");
        operation->remaining_s = (uint32_t)next_number(words, "");
    }
}

static bool parse(char *line, struct operation *operation)
{
    struct words words = split(line);
    *operation = (struct operation){.invoked_us = next_number(&words, ""), .returned_us = UINT64_MAX};
    if (words.next < words.count && strcmp(words.words[words.next], "-") == 0)
        words.next++;
    else
        operation->returned_us = next_number(&words, "");
    operation->connection = (uint32_t)next_number(&words, "c");
    operation->node = (uint8_t)next_number(&words, "n");
    operation->kind = next_name(&words, operation_kind_names, OPERATION_KINDS);
    operation->file = (uint32_t)next_number(&words, "f");
    if (operation->kind == OPERATION_CAS)
        operation->expected = next_number(&words, "");
    if (operation_writes(operation)) {
        operation->value = (uint32_t)next_number(&words, "=");
        operation->exptime_s = (uint32_t)next_number(&words, "");
    }
    parse_reply(&words, operation);
    bool returned = operation->returned_us != UINT64_MAX;
    return !words.bad && words.next == words.count && returned == !operation_unknown(operation) &&
           (!returned || operation->returned_us >= operation->invoked_us);
}

bool history_read(struct history *history, FILE *file, size_t *line)
{
    char text[LINE_MAX];
    for (*line = 1; fgets(text, sizeof text, file); (*line)++) {
        struct operation operation;
        if (text[0] == '#')
            continue;
        if (!strchr(text, '\n') || !parse(text, &operation))
            return false;
        history_add(history, &operation);
    }
    return !ferror(file);
}
