#include "torture/facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/memory.h"

enum { SHOWN_MAX = 10 };

/* What is known of a version. */
struct version {
    uint32_t file;  /* + 1; 0: nobody saw it */
    uint32_t maker; /* the operation's index + 1; 0: not known */
    uint32_t next;  /* the file's next version that is known; UINT32_MAX: none */
};

struct facts {
    struct history *history;
    const struct facts_rules *rules;
    FILE *out;
    size_t count;             /* of what is impossible */
    struct version *versions;
    uint64_t version_limit;   /* all are below it */
    uint32_t *writers;        /* by value: the operation's index + 1 */
    uint64_t value_limit;
};

static void wrong(struct facts *facts, const struct operation *operation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void wrong(struct facts *facts, const struct operation *operation, const char *format, ...)
{
    if (facts->count++ >= SHOWN_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(facts->out, format, arguments);
    va_end(arguments);
    fputs(":\n    ", facts->out);
    operation_print(operation, facts->out);
}

static struct operation *writer_of(const struct facts *facts, uint32_t value)
{
    if (value == 0 || value >= facts->value_limit || facts->writers[value] == 0)
        return NULL;
    return &facts->history->operations[facts->writers[value] - 1];
}

/* The version that OPERATION found in its file; 0: none, or none that it was told of. */
static uint64_t found(const struct operation *operation)
{
    if (operation->outcome == OUTCOME_CONTENTS || operation->outcome == OUTCOME_MISMATCH)
        return operation->version;
    return operation->kind == OPERATION_CAS && operation->outcome == OUTCOME_OK ? operation->expected : 0;
}

/* --- values ----------------------------------------------------------------------------------------------------- */

static void count_versions(struct facts *facts)
{
    struct history *history = facts->history;
    /* Each change has at most its own number and that of its expiry. */
    uint64_t most = 2 * (uint64_t)history->count + 1000000;
    for (size_t i = 0; i < history->count; i++) {
        struct operation *operation = &history->operations[i];
        if (operation->version >= most) {
            wrong(facts, operation, "there were not as many changes as this version says");
            operation->version = 0;
        }
        if (operation->version >= facts->version_limit)
            facts->version_limit = operation->version + 1;
        if (operation->value >= facts->value_limit && operation->value < most)
            facts->value_limit = operation->value + (uint64_t)1;
    }
    facts->versions = memory_get((size_t)(facts->version_limit + 1) * sizeof *facts->versions);
    facts->writers = memory_get((size_t)(facts->value_limit + 1) * sizeof *facts->writers);
}

static void find_writers(struct facts *facts)
{
    for (size_t i = 0; i < facts->history->count; i++) {
        const struct operation *operation = &facts->history->operations[i];
        if (!operation_writes(operation) || operation->value == 0 || operation->value >= facts->value_limit)
            continue;
        if (facts->writers[operation->value] != 0)
            wrong(facts, operation, "the history is no good: its value was written by another operation too");
        facts->writers[operation->value] = (uint32_t)i + 1;
    }
}

/* OPERATION tells that VERSION is one of its file. */
static void version_of_file(struct facts *facts, const struct operation *operation, uint64_t version)
{
    if (version == 0 || version >= facts->version_limit)
        return;
    struct version *known = &facts->versions[version];
    if (known->file != 0 && known->file != operation->file + 1)
        wrong(facts, operation, "version %" PRIu64 " is one of f%" PRIu32 " too", version, known->file - 1);
    known->file = operation->file + 1;
}

/* OPERATION tells that MAKER made VERSION. */
static void version_of_maker(struct facts *facts, const struct operation *operation, struct operation *maker,
                             uint64_t version)
{
    if (version == 0 || version >= facts->version_limit)
        return;
    struct version *known = &facts->versions[version];
    uint32_t id = (uint32_t)(maker - facts->history->operations) + 1;
    if (known->maker != 0 && known->maker != id)
        wrong(facts, operation, "version %" PRIu64 " was given to the value =%" PRIu32 " too", version,
              facts->history->operations[known->maker - 1].value);
    if (maker->made != 0 && maker->made != version)
        wrong(facts, operation, "value =%" PRIu32 " took effect twice: as version %" PRIu64 " and %" PRIu64,
              maker->value, maker->made, version);
    known->maker = id;
    maker->made = version;
}

static void check_remaining(struct facts *facts, const struct operation *read, const struct operation *writer)
{
    uint64_t life_us = (uint64_t)writer->exptime_s * 1000000;
    uint64_t remaining_us = (uint64_t)read->remaining_s * 1000000;
    uint64_t passed_us = read->returned_us - writer->invoked_us + facts->rules->early_us;
    if ((life_us == 0) != (remaining_us == 0) || remaining_us > life_us || remaining_us + passed_us < life_us)
        wrong(facts, read, "EXPTIME does not fit to the write at %" PRIu64 ", which gave it %" PRIu32 " s",
              writer->invoked_us, writer->exptime_s);
}

static void check_read(struct facts *facts, const struct operation *read)
{
    struct operation *writer = writer_of(facts, read->value);
    if (!writer)
        wrong(facts, read, "nobody wrote what was read");
    else if (writer->file != read->file)
        wrong(facts, read, "what was read was written to f%" PRIu32, writer->file);
    else if (writer->outcome == OUTCOME_REFUSED || writer->outcome == OUTCOME_MISMATCH)
        wrong(facts, read, "what was read was refused when it was written");
    else if (writer->invoked_us > read->returned_us)
        wrong(facts, read, "what was read was sent later, at %" PRIu64, writer->invoked_us);
    else {
        check_remaining(facts, read, writer);
        version_of_maker(facts, read, writer, read->version);
    }
}

static void check_values(struct facts *facts)
{
    for (size_t i = 0; i < facts->history->count; i++) {
        struct operation *operation = &facts->history->operations[i];
        if (operation->outcome == OUTCOME_CONTENTS)
            check_read(facts, operation);
        if (operation_writes(operation) && operation->outcome == OUTCOME_OK)
            version_of_maker(facts, operation, operation, operation->version);
        if (operation->outcome == OUTCOME_MISMATCH && operation->version == operation->expected)
            wrong(facts, operation, "the file had the version that was asked for");
        version_of_file(facts, operation, operation->version);
        version_of_file(facts, operation, found(operation));
    }
}

/* --- order ------------------------------------------------------------------------------------------------------ */

static void chain_versions(struct facts *facts)
{
    uint32_t files = 0;
    for (size_t i = 0; i < facts->history->count; i++)
        if (facts->history->operations[i].file >= files)
            files = facts->history->operations[i].file + 1;
    uint32_t *next = memory_get(((size_t)files + 2) * sizeof *next);
    for (size_t i = 0; i < (size_t)files + 2; i++)
        next[i] = UINT32_MAX;
    for (uint64_t i = facts->version_limit; i-- > 1;) {
        struct version *version = &facts->versions[i];
        version->next = next[version->file];
        if (version->file != 0)
            next[version->file] = (uint32_t)i;
    }
    free(next);
}

/* What is told of versions so far. */
struct told {
    uint64_t newest; /* by replies: nobody sees a state that is older */
    uint64_t made;   /* by those, or by what others saw of changes that were not answered: none gets a lower one */
};

static void check_after(struct facts *facts, const struct operation *operation, const struct told *told,
                        const char *what)
{
    uint64_t seen = found(operation);
    if (operation->made != 0 && operation->made <= told->made)
        wrong(facts, operation, "its version %" PRIu64 " is not above %" PRIu64 ", %s", operation->made, told->made,
              what);
    if (seen == 0 || seen >= facts->version_limit)
        return;
    uint32_t next = facts->versions[seen].next;
    bool own = operation->made == next; /* its own change came next: it did see the newest one */
    if (next <= told->newest && !own)
        wrong(facts, operation, "it saw version %" PRIu64 " where %" PRIu32 " had come, not above %" PRIu64 ", %s",
              seen, next, told->newest, what);
}

static void tell(struct told *told, const struct operation *operation)
{
    uint64_t seen = found(operation);
    uint64_t version = operation->made > seen ? operation->made : seen;
    if (version > told->made)
        told->made = version;
    if (version > told->newest && !operation_unknown(operation))
        told->newest = version;
}

static void check_connections(struct facts *facts)
{
    const struct history *history = facts->history;
    uint32_t connections = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->operations[i].connection >= connections)
            connections = history->operations[i].connection + 1;
    struct told *told = memory_get(((size_t)connections + 1) * sizeof *told);
    for (size_t i = 0; i < history->count; i++) {
        const struct operation *operation = &history->operations[i];
        check_after(facts, operation, &told[operation->connection], "which came first on its connection");
        tell(&told[operation->connection], operation);
    }
    free(told);
}

struct moment {
    uint64_t at_us;
    uint32_t index;
    bool returns;
};

static int compare_moments(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->returns != b->returns)
        return a->returns ? 1 : -1;
    return (a->index > b->index) - (a->index < b->index);
}

static void check_time(struct facts *facts)
{
    const struct history *history = facts->history;
    struct moment *moments = memory_get((2 * history->count + 1) * sizeof *moments);
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const struct operation *operation = &history->operations[i];
        moments[count++] = (struct moment){operation->invoked_us, (uint32_t)i, false};
        if (operation->returned_us != UINT64_MAX)
            moments[count++] = (struct moment){operation->returned_us, (uint32_t)i, true};
    }
    qsort(moments, count, sizeof *moments, compare_moments);
    struct told told = {0};
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = &history->operations[moments[i].index];
        if (moments[i].returns)
            tell(&told, operation);
        else
            check_after(facts, operation, &told, "which somebody was told of before");
    }
    free(moments);
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

static int compare_finals(const void *left, const void *right)
{
    const struct operation *a = *(const struct operation *const *)left;
    const struct operation *b = *(const struct operation *const *)right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

static void check_end(struct facts *facts)
{
    const struct history *history = facts->history;
    const struct operation **finals = memory_get((history->count + 1) * sizeof *finals);
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->operations[i].kind == OPERATION_FINAL)
            finals[count++] = &history->operations[i];
    if (count > 0)
        qsort(finals, count, sizeof *finals, compare_finals);
    for (size_t i = 0; i < count; i++) {
        const struct operation *final = finals[i], *before = finals[i > 0 ? i - 1 : 0];
        if (final->outcome == OUTCOME_CONTENTS && final->remaining_s > 0)
            wrong(facts, final, "its time was over long ago");
        if (before->file == final->file && (before->outcome != final->outcome || before->value != final->value ||
                                            before->version != final->version))
            wrong(facts, final, "node %u holds something else", before->node);
    }
    free(finals);
}

size_t facts_check(struct history *history, const struct facts_rules *rules, FILE *out)
{
    struct facts facts = {.history = history, .rules = rules, .out = out};
    count_versions(&facts);
    find_writers(&facts);
    check_values(&facts);
    chain_versions(&facts);
    check_connections(&facts);
    check_time(&facts);
    check_end(&facts);
    free(facts.versions);
    free(facts.writers);
    return facts.count;
}
