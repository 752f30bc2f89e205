/* Every kind of command with each of its fields at its edges: as a line to what it asks for, and to the log's bytes and
 * back, by itself and as a part of a transaction. What is expected are the fields as they were chosen. A new kind is a
 * row of the table, and is missed if it has none. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "protocol/asked.h"
#include "protocol/request.h"
#include "protocol/transaction.h"
#include "support/check.h"

enum { VALUE_MAX = 8 * 1024 * 1024, TOKEN_TEXT_MAX = REQUEST_TOKEN_MAX };

/* What a kind has, by SPEC. */
static const struct kind {
    const char *verb;  /* NULL: no client says it */
    bool alone;        /* it is a command of its own */
    bool part;         /* ... or a part of a transaction */
    bool name;
    bool contents;
    bool source;
    bool version;      /* it always has one */
    bool may_be_exact; /* it may have one */
    bool both;         /* ... and then its source too */
    bool exptime;
    bool delta;
    bool token;
    bool level;
    bool setting;      /* its name is a setting's */
} kinds[COMMAND_NUMBERS] = {
    [COMMAND_TICK] = {.alone = true},
    [COMMAND_OPEN] = {.alone = true},
    [COMMAND_SKIP] = {.alone = true},
    [COMMAND_WRITE] = {"write", .alone = true, .part = true, .name = true, .contents = true, .exptime = true,
                       .token = true},
    [COMMAND_CAS] = {"cas", .alone = true, .part = true, .name = true, .contents = true, .version = true,
                     .exptime = true, .token = true},
    [COMMAND_DELETE] = {"delete", .alone = true, .part = true, .name = true, .may_be_exact = true, .token = true},
    [COMMAND_TOUCH] = {"touch", .alone = true, .part = true, .name = true, .may_be_exact = true, .exptime = true,
                       .token = true},
    [COMMAND_APPEND] = {"append", .alone = true, .part = true, .name = true, .contents = true, .exptime = true,
                        .token = true},
    [COMMAND_INCR] = {"incr", .alone = true, .part = true, .name = true, .delta = true, .exptime = true,
                      .token = true},
    [COMMAND_COPY] = {"copy", .alone = true, .part = true, .name = true, .source = true, .may_be_exact = true,
                      .token = true},
    [COMMAND_MOVE] = {"move", .alone = true, .part = true, .name = true, .source = true, .may_be_exact = true,
                      .token = true},
    [COMMAND_SWAP] = {"swap", .alone = true, .part = true, .name = true, .source = true, .may_be_exact = true,
                      .both = true, .token = true},
    [COMMAND_TXN] = {NULL, .alone = true, .token = true}, /* its parts are the rows above */
    [COMMAND_IF_VERSION] = {"if", .part = true, .name = true, .version = true},
    [COMMAND_IF_PRESENT] = {"if", .part = true, .name = true},
    [COMMAND_RAISE] = {.alone = true, .level = true},
    [COMMAND_SET] = {.alone = true, .name = true, .contents = true, .token = true, .setting = true},
    [COMMAND_UNSET] = {.alone = true, .name = true, .token = true, .setting = true},
};

/* The edges of each field; the first of each is what a kind without the field has. */
static const uint64_t versions[] = {0, 1, UINT64_MAX};
static const uint64_t exptimes_s[] = {0, 1, REQUEST_EXPTIME_MAX_S};
static const int64_t deltas[] = {0, 1, -1, INT64_MAX, INT64_MIN};
static const size_t name_sizes[] = {1, REQUEST_NAME_MAX, COMMAND_NAME_MAX};
static const size_t contents_sizes[] = {0, 1, COMMAND_SETTING_MAX};
static const size_t token_sizes[] = {0, 1, TOKEN_TEXT_MAX};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint8_t *contents;
static char name[COMMAND_NAME_MAX], source[COMMAND_NAME_MAX], setting[COMMAND_NAME_MAX], token[TOKEN_TEXT_MAX];

static void setup(void)
{
    contents = malloc(VALUE_MAX);
    ensure(contents != NULL);
    for (size_t i = 0; i < VALUE_MAX; i++) /* every byte value, line ends and NUL too */
        contents[i] = (uint8_t)(i * 7 + i / 256);
    memset(name, 'n', sizeof name);
    memset(source, 's', sizeof source);
    memset(setting, 's', sizeof setting);
    setting[0] = COMMAND_SETTING_MARK;
    memset(token, 't', sizeof token);
}

static void teardown(void)
{
    free(contents);
}

static void same(const struct command *is, const struct command *expected)
{
    ensure(is->kind == expected->kind && is->guarded == expected->guarded);
    ensure(is->version == expected->version && is->exptime_s == expected->exptime_s);
    ensure(is->source_version == expected->source_version);
    ensure(is->delta == expected->delta && is->level == expected->level);
    ensure(is->source_size == expected->source_size);
    ensure(is->source_size == 0 || memcmp(is->source, expected->source, is->source_size) == 0);
    ensure(is->name_size == expected->name_size && is->value_size == expected->value_size);
    ensure(is->name_size == 0 || memcmp(is->name, expected->name, is->name_size) == 0);
    ensure(is->value_size == 0 || memcmp(is->value, expected->value, is->value_size) == 0);
    ensure((is->token != NULL) == (expected->token != NULL));
    ensure(!is->token || memcmp(is->token, expected->token, COMMAND_TOKEN_SIZE) == 0);
}

/* TICK is no gateway's; OPEN has no number. */
static bool may_have_head(const struct command *command)
{
    if (command->kind == COMMAND_TICK)
        return command->gateway == 0;
    return command->kind != COMMAND_OPEN || (command->gateway > 0 && command->number == 0);
}

static void alone_comes_back(const struct command *command)
{
    static const struct command heads[] = {
        {.gateway = 0},
        {.gateway = 1, .epoch = 1},
        {.gateway = 1, .epoch = 1, .number = 1, .lowest = 1},
        {.gateway = UINT32_MAX, .epoch = UINT64_MAX, .number = UINT64_MAX, .lowest = UINT64_MAX},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct command sent = *command, got;
        sent.gateway = heads[i].gateway;
        sent.epoch = heads[i].epoch;
        sent.number = heads[i].number;
        sent.lowest = heads[i].lowest;
        if (!may_have_head(&sent))
            continue;
        struct blob *blob = command_encode(&sent);
        ensure(blob != NULL && command_decode(blob->bytes, blob->size, &got));
        same(&got, command);
        ensure(got.gateway == heads[i].gateway && got.epoch == heads[i].epoch);
        ensure(got.number == heads[i].number && got.lowest == heads[i].lowest);
        ensure(command_value_size(blob) == command_contents_size(command));
        blob_release(blob);
    }
}

/* As the only part, and behind another one and before a third. */
static void part_comes_back(const struct command *part, bool changes)
{
    static const struct command other = {.kind = COMMAND_WRITE, .name = (const uint8_t *)"o", .name_size = 1,
                                         .value = (const uint8_t *)"x", .value_size = 1, .exptime_s = 7};
    static const struct command third = {.kind = COMMAND_DELETE, .name = (const uint8_t *)"third", .name_size = 5,
                                         .guarded = true};
    struct command expected = *part;
    expected.token = NULL; /* it belongs to the whole */
    for (int others = changes ? 0 : 1; others < 2; others++) {
        struct buffer parts = {0};
        const struct command *all[] = {&other, &expected, &third};
        for (int i = others ? 0 : 1; i < (others ? 3 : 2); i++)
            ensure(transaction_append(&parts, all[i]));
        struct command transaction = {.kind = COMMAND_TXN, .value = buffer_start(&parts),
                                      .value_size = buffer_size(&parts), .token = part->token};
        struct command got;
        struct blob *blob = command_encode(&transaction);
        ensure(blob != NULL && command_decode(blob->bytes, blob->size, &got));
        same(&got, &transaction);
        const uint8_t *at = got.value, *end = at + got.value_size;
        for (int i = others ? 0 : 1; i < (others ? 3 : 2); i++) {
            struct command again;
            ensure(transaction_next(&at, end, &again));
            same(&again, all[i]);
        }
        ensure(at == end);
        blob_release(blob);
        buffer_close(&parts);
    }
}

/* COMMAND as a line; BRIEF: an EXPTIME of 0 is left out, where that may be. Returns its size. */
static size_t say(const struct kind *kind, const struct command *command, size_t token_size, bool brief,
                  char line[3000])
{
    char *at = line;
    at += sprintf(at, "%s", kind->verb);
    if (kind->source && !kind->both)
        at += sprintf(at, " %.*s", (int)command->source_size, (const char *)command->source);
    at += sprintf(at, " %.*s", (int)command->name_size, (const char *)command->name);
    if (kind->both)
        at += sprintf(at, " %.*s", (int)command->source_size, (const char *)command->source);
    bool touch = command->kind == COMMAND_TOUCH;
    if (kind->version || (command->guarded && !touch))
        at += sprintf(at, " %" PRIu64, command->version);
    if (kind->both && command->guarded)
        at += sprintf(at, " %" PRIu64, command->source_version);
    if (command->kind == COMMAND_IF_PRESENT)
        at += sprintf(at, " present");
    if (kind->delta)
        at += sprintf(at, " %" PRId64, command->delta);
    if (kind->contents)
        at += sprintf(at, " %zu", command->value_size);
    if (kind->exptime && (touch || !brief || command->exptime_s > 0))
        at += sprintf(at, " %" PRIu64, command->exptime_s);
    if (touch && command->guarded)
        at += sprintf(at, " %" PRIu64, command->version);
    if (token_size > 0)
        at += sprintf(at, " once=%.*s", (int)token_size, token);
    at += sprintf(at, brief ? "\n" : "\r\n");
    return (size_t)(at - line);
}

static void line_is_understood(const struct kind *kind, const struct command *command, size_t token_size)
{
    for (int brief = 0; brief < 2; brief++) {
        char line[3000];
        struct request request;
        size_t size = say(kind, command, token_size, brief, line), consumed;
        if (size > REQUEST_LINE_MAX) /* two names, or one of the largest, are more than a line holds */
            continue;
        ck_assert_int_eq(request_parse((uint8_t *)line, size, VALUE_MAX, &request, &consumed), REQUEST_LINE);
        ck_assert_msg(request.error == REQUEST_OK, "%s: %u", line, request.error);
        uint8_t token_room[COMMAND_TOKEN_SIZE];
        struct command got = asked_command(&request, token_room);
        if (kind->contents)
            got.value = command->value; /* they come behind the line */
        same(&got, command);
    }
}

/* COMMAND with each of the versions, exptimes, deltas and tokens that its kind may have. */
static void each_number(const struct kind *kind, struct command command)
{
    uint8_t hash[COMMAND_TOKEN_SIZE];
    bool has_version = kind->version || command.guarded;
    for (size_t v = 0; v < (has_version ? COUNT(versions) : 1); v++) {
        for (size_t e = 0; e < (kind->exptime ? COUNT(exptimes_s) : 1); e++) {
            for (size_t d = 0; d < (kind->delta ? COUNT(deltas) : 1); d++) {
                for (size_t t = 0; t < (kind->token ? COUNT(token_sizes) : 1); t++) {
                    command.version = versions[v];
                    command.source_version = kind->both ? versions[COUNT(versions) - 1 - v] : 0;
                    if (kind->both && !has_version)
                        command.source_version = 0;
                    command.delta = deltas[d];
                    command.exptime_s = exptimes_s[e];
                    command_token(token, token_sizes[t], hash);
                    command.token = token_sizes[t] > 0 ? hash : NULL;
                    if (kind->alone)
                        alone_comes_back(&command);
                    if (kind->part)
                        part_comes_back(&command, kind->alone);
                    if (kind->verb)
                        line_is_understood(kind, &command, token_sizes[t]);
                }
            }
        }
    }
}

START_TEST(every_kind_at_its_edges)
{
    const struct kind *kind = &kinds[_i];
    ck_assert_msg((kind->alone || kind->part) == command_known((unsigned)_i), "kind %d has no row in this table", _i);
    if (_i == COMMAND_TXN || !command_known((unsigned)_i))
        return;
    for (size_t n = 0; n < (kind->name ? COUNT(name_sizes) : 1); n++) {
        size_t value_count = kind->contents ? COUNT(contents_sizes) : kind->source ? COUNT(name_sizes) : 1;
        for (size_t c = 0; c < value_count; c++) {
            struct command command = {.kind = (enum command_kind)_i, .level = kind->level ? LEVEL_KNOWN : 0};
            if (kind->name) {
                command.name = (const uint8_t *)(kind->setting ? setting : name);
                command.name_size = name_sizes[n];
            }
            if (kind->source) {
                command.source = (const uint8_t *)source;
                command.source_size = name_sizes[c];
            }
            if (kind->contents) {
                command.value = contents;
                command.value_size = contents_sizes[c];
            }
            each_number(kind, command);
            command.guarded = true;
            if (kind->may_be_exact)
                each_number(kind, command);
        }
    }
}
END_TEST

START_TEST(the_largest_contents)
{
    struct command write = {.kind = COMMAND_WRITE, .name = (const uint8_t *)name, .name_size = COMMAND_NAME_MAX,
                            .value = contents, .value_size = VALUE_MAX, .exptime_s = REQUEST_EXPTIME_MAX_S};
    alone_comes_back(&write);
    part_comes_back(&write, true);
}
END_TEST

/* As many parts as there may be, each with another kind, version and life. */
START_TEST(the_most_parts)
{
    struct command all[TRANSACTION_PARTS_MAX];
    char names[TRANSACTION_PARTS_MAX][8];
    struct buffer parts = {0};
    for (size_t i = 0, kind = COMMAND_WRITE; i < TRANSACTION_PARTS_MAX; i++, kind++) {
        while (kind >= COMMAND_NUMBERS || !kinds[kind].part || kinds[kind].source)
            kind = kind >= COMMAND_NUMBERS ? 0 : kind + 1;
        int size = snprintf(names[i], sizeof names[i], "%zu", i);
        all[i] = (struct command){.kind = (enum command_kind)kind, .name = (const uint8_t *)names[i],
                                  .name_size = (size_t)size, .guarded = kinds[kind].may_be_exact && i % 2 == 0};
        if (kinds[kind].version || all[i].guarded)
            all[i].version = i * i;
        all[i].delta = kinds[kind].delta ? -(int64_t)i : 0;
        all[i].exptime_s = kinds[kind].exptime ? i : 0;
        all[i].value = contents;
        all[i].value_size = kinds[kind].contents ? i : 0;
        ck_assert(transaction_append(&parts, &all[i]));
    }
    ck_assert(transaction_valid(buffer_start(&parts), buffer_size(&parts)));
    const uint8_t *at = buffer_start(&parts), *end = at + buffer_size(&parts);
    for (size_t i = 0; i < TRANSACTION_PARTS_MAX; i++) {
        struct command got;
        ck_assert(transaction_next(&at, end, &got));
        same(&got, &all[i]);
    }
    ck_assert_ptr_eq(at, end);
    buffer_close(&parts);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edges");
    TCase *tests = tcase_create("edges");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, every_kind_at_its_edges, 0, COMMAND_NUMBERS);
    tcase_add_test(tests, the_largest_contents);
    tcase_add_test(tests, the_most_parts);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
