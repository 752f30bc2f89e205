/* What nodes say of themselves: status, members, ping. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/health.h"
#include "cli/verbs.h"
#include "client/endpoint.h"
#include "json/encode.h"

enum { PROBE_MS = 2000 };

/* A session with one endpoint alone, which has little time. */
static void open_probe(const struct cli *cli, size_t index, struct session *session)
{
    struct session_options options = cli_session_options(cli);
    options.endpoints.list[0] = options.endpoints.list[index];
    options.endpoints.count = 1;
    options.timeout_ms = options.timeout_ms < PROBE_MS ? options.timeout_ms : PROBE_MS;
    session_open(session, &options);
}

/* What CALL was answered, as JSON. */
static json_t *status_of(const struct call *call)
{
    return json_status((const char *)buffer_start(&call->body), buffer_size(&call->body));
}

/* Why CALL has no answer that was wanted. */
static const char *reason_of(const struct call *call)
{
    return call->outcome == CALL_ANSWERED ? "it answers something else" : call->reason;
}

/* The value of KEY as a row has it. */
static struct value value_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value))
        return value_number((uint64_t)json_integer_value(value));
    return json_is_string(value) ? value_bytes(json_string_value(value), json_string_length(value))
                                 : (struct value){.kind = VALUE_NONE};
}

/* --- status ------------------------------------------------------------------------------------------------------- */

/* What is told of one node, as JSON or a table. */
static const struct column status_columns[] = {
    {"endpoint", 0, false}, {"id", 2, false}, {"role", 0, false}, {"term", 4, false}, {"leader", 2, false},
    {"commit", 6, false}, {"applied", 6, false}, {"revision", 6, false}, {"files", 6, false}, {"disk", 0, false},
    {"version", 0, false},
};
enum { STATUS_COLUMNS = sizeof status_columns / sizeof status_columns[0] };

/* And of all of them: what has room on 80 columns, with indexes of ten digits. */
static const struct column all_columns[] = {
    {"endpoint", 0, false}, {"id", 2, false}, {"role", 0, false}, {"term", 4, false}, {"applied", 6, false},
    {"revision", 6, false}, {"files", 6, false}, {"disk", 0, false},
};
enum { ALL_COLUMNS = sizeof all_columns / sizeof all_columns[0] };

static void print_object(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
}

/* OBJECT as a row of COUNT columns, at most STATUS_COLUMNS. */
static void print_row(struct cli *cli, const json_t *object, const struct column *columns, size_t count)
{
    struct value values[STATUS_COLUMNS];
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(object, columns[i].name);
    output_row(&cli->output, values);
}

/* LINE, broken behind a "; " where it would have more than OUTPUT_WIDTH columns. */
static void print_wrapped(const struct output *output, const char *line)
{
    size_t column = 0;
    while (*line) {
        const char *stop = strstr(line, "; ");
        size_t size = stop ? (size_t)(stop - line) + 1 : strlen(line);
        if (column > 0 && column + 1 + size > OUTPUT_WIDTH)
            column = (size_t)printf("\n   ") - 1;
        char *shown = output->terminal ? output_printable(line, size) : NULL;
        column += (size_t)printf("%s%.*s", column > 0 ? " " : "", (int)size, shown ? shown : line);
        free(shown);
        line += size + (stop != NULL);
    }
    putchar('\n');
}

/* What each endpoint answered, an object with its "endpoint", and "error" where it was nothing good. */
struct answers {
    json_t *list[ENDPOINTS_MAX];
    size_t count;
    json_t *good[ENDPOINTS_MAX]; /* those without an error; borrowed from the list */
    size_t good_count;
};

static json_t *ask(const struct cli *cli, size_t index, bool *good)
{
    struct session session;
    char text[ENDPOINT_TEXT_SIZE];
    open_probe(cli, index, &session);
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_STATUS, "status");
    session_do(&session, call);
    *good = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_STATUS;
    json_t *object = *good ? status_of(call) : json_object();
    endpoint_text(&cli->options.endpoints.list[index], text);
    json_object_set_new(object, "endpoint", json_string(text));
    if (!*good)
        json_object_set_new(object, "error", json_string(reason_of(call)));
    call_close(call);
    session_close(&session);
    return object;
}

static void ask_all(const struct cli *cli, struct answers *answers)
{
    *answers = (struct answers){0};
    for (size_t i = 0; i < cli->options.endpoints.count && !session_interrupted(); i++) {
        bool good;
        json_t *object = ask(cli, i, &good);
        answers->list[answers->count++] = object;
        if (good)
            answers->good[answers->good_count++] = object;
    }
}

static void close_answers(struct answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        json_decref(answers->list[i]);
}

static void tell_all(struct cli *cli, const struct answers *answers)
{
    struct buffer line = {0};
    health_write(&line, answers->good, answers->good_count, answers->count);
    buffer_append_u8(&line, '\0');
    print_wrapped(&cli->output, (const char *)buffer_start(&line));
    buffer_close(&line);
    output_begin(&cli->output, all_columns, ALL_COLUMNS);
    for (size_t i = 0; i < answers->count; i++)
        print_row(cli, answers->list[i], all_columns, ALL_COLUMNS);
    output_end(&cli->output);
    for (size_t i = 0; i < answers->count; i++) {
        const char *error = json_string_value(json_object_get(answers->list[i], "error"));
        if (error)
            printf("%s\n", error);
    }
}

static int status_of_all(struct cli *cli)
{
    struct answers answers;
    ask_all(cli, &answers);
    if (cli->options.form == OUTPUT_TEXT)
        cli->output.form = OUTPUT_TABLE;
    if (cli->options.form != OUTPUT_JSON)
        tell_all(cli, &answers);
    for (size_t i = 0; i < answers.count && cli->options.form == OUTPUT_JSON; i++)
        print_object(answers.list[i]);
    close_answers(&answers);
    return answers.good_count > 0 ? STATUS_OK : STATUS_UNREACHABLE;
}

int status_run(struct cli *cli)
{
    if (cli->options.all)
        return status_of_all(cli);
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_STATUS, "status");
    int status = cli_do(cli, call);
    if (status == STATUS_OK && cli->options.form == OUTPUT_TEXT) {
        fwrite(buffer_start(&call->body), 1, buffer_size(&call->body), stdout);
        putchar('\n'); /* the line end behind the text, which is not part of it */
    } else if (status == STATUS_OK) {
        char text[ENDPOINT_TEXT_SIZE];
        json_t *object = status_of(call);
        endpoint_text(&cli->session->options.endpoints.list[cli->session->endpoint], text);
        json_object_set_new(object, "endpoint", json_string(text));
        output_begin(&cli->output, status_columns, STATUS_COLUMNS);
        if (cli->options.form == OUTPUT_JSON)
            print_object(object);
        else
            print_row(cli, object, status_columns, STATUS_COLUMNS);
        output_end(&cli->output);
        json_decref(object);
    }
    call_close(call);
    return status;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static const struct column member_columns[] = {
    {"node", 4, false}, {"address", 0, false}, {"role", 0, false}, {"link", 0, false}, {"leader", 0, false},
    {"match", 6, false}, {"state", 0, false}, {"heard_ms", 6, false}, {"disk", 0, false},
};
enum { MEMBER_COLUMNS = sizeof member_columns / sizeof member_columns[0] };

/* What the leader knows of the others it does not tell of itself. */
static void complete_self(json_t *view)
{
    size_t index;
    json_t *node;
    json_array_foreach(json_object_get(view, "nodes"), index, node) {
        const char *link = json_string_value(json_object_get(node, "link"));
        json_t *disk = json_object_get(view, "disk");
        if (disk && link && strcmp(link, "self") == 0)
            json_object_set(node, "disk", disk);
    }
}

/* COLUMNS gets those of member_columns that one of NODES has something in; returns how many. */
static size_t choose_columns(const json_t *nodes, struct column columns[MEMBER_COLUMNS])
{
    size_t count = 0;
    for (size_t i = 0; i < MEMBER_COLUMNS; i++) {
        size_t index;
        json_t *node;
        bool some = false;
        json_array_foreach(nodes, index, node)
            some |= value_of(node, member_columns[i].name).kind != VALUE_NONE;
        if (some)
            columns[count++] = member_columns[i];
    }
    return count;
}

/* Where the leader is not there to be asked, what is told is less. */
static void tell_view(const struct cli *cli, const json_t *view)
{
    long long id = json_integer_value(json_object_get(view, "id"));
    long long leader = json_integer_value(json_object_get(view, "leader"));
    if (cli->options.quiet || id == leader)
        return;
    if (leader > 0)
        cli_say(cli, "as node %lld sees them: the leader, node %lld, is not among the endpoints that answer", id,
                leader);
    else
        cli_say(cli, "as node %lld sees them: it knows no leader", id);
}

static void tell_members(struct cli *cli, json_t *view)
{
    struct column columns[MEMBER_COLUMNS];
    const json_t *nodes = json_object_get(view, "nodes");
    size_t index;
    json_t *node;
    complete_self(view);
    tell_view(cli, view);
    if (cli->options.form == OUTPUT_TEXT)
        cli->output.form = OUTPUT_TABLE;
    size_t count = choose_columns(nodes, columns);
    output_begin(&cli->output, columns, count);
    json_array_foreach(nodes, index, node)
        print_row(cli, node, columns, count);
    output_end(&cli->output);
}

/* The node that is connected to is asked first, and all of them where it does not lead. */
int members_run(struct cli *cli)
{
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_STATUS, "status");
    int status = cli_do(cli, call);
    if (status == STATUS_OK) {
        struct answers answers = {0};
        json_t *object = status_of(call);
        if (!json_is_true(json_object_get(object, "is_leader")))
            ask_all(cli, &answers);
        const json_t *view = health_view(answers.good, answers.good_count);
        bool better = view && json_is_true(json_object_get(view, "is_leader"));
        tell_members(cli, better ? (json_t *)view : object);
        close_answers(&answers);
        json_decref(object);
    }
    call_close(call);
    return status;
}

/* --- ping --------------------------------------------------------------------------------------------------------- */

struct trips {
    uint32_t count;
    uint64_t least_us;
    uint64_t most_us;
    uint64_t sum_us;
    char reason[CALL_REASON_MAX];
};

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The first one, which also connects, is not counted. */
static bool ping_one(struct session *session, uint32_t count, struct trips *trips)
{
    *trips = (struct trips){.least_us = UINT64_MAX};
    for (uint32_t i = 0; i <= count; i++) {
        struct call *call = call_open(NULL);
        call_ask(call, ANSWER_PONG, "ping");
        uint64_t begun_us = now_us();
        session_do(session, call);
        uint64_t took_us = now_us() - begun_us;
        bool good = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_PONG;
        if (!good)
            snprintf(trips->reason, sizeof trips->reason, "%s", reason_of(call));
        call_close(call);
        if (!good)
            return false;
        if (i == 0)
            continue;
        trips->count++;
        trips->sum_us += took_us;
        trips->least_us = took_us < trips->least_us ? took_us : trips->least_us;
        trips->most_us = took_us > trips->most_us ? took_us : trips->most_us;
    }
    return true;
}

int ping_run(struct cli *cli)
{
    static const struct column columns[] = {
        {"endpoint", 0, false}, {"count", 5, false}, {"min_ms", 8, false}, {"mean_ms", 8, false},
        {"max_ms", 8, false}, {"error", 0, false},
    };
    uint32_t count = cli->options.count > 0 ? cli->options.count : 1;
    int status = STATUS_OK;
    if (cli->options.form == OUTPUT_TEXT)
        cli->output.form = OUTPUT_TABLE;
    output_begin(&cli->output, columns, 6);
    for (size_t i = 0; i < cli->options.endpoints.count && !session_interrupted(); i++) {
        char text[ENDPOINT_TEXT_SIZE];
        struct session session;
        struct trips trips;
        endpoint_text(&cli->options.endpoints.list[i], text);
        open_probe(cli, i, &session);
        bool good = ping_one(&session, count, &trips);
        session_close(&session);
        struct value values[6] = {value_text(text), value_number(trips.count)};
        if (trips.count > 0) {
            values[2] = (struct value){.kind = VALUE_MS, .number = trips.least_us};
            values[3] = (struct value){.kind = VALUE_MS, .number = trips.sum_us / trips.count};
            values[4] = (struct value){.kind = VALUE_MS, .number = trips.most_us};
        }
        if (!good || cli->output.form == OUTPUT_TABLE)
            values[5] = value_text(good ? "" : trips.reason);
        output_row(&cli->output, values);
        status = cli_worse(status, good ? STATUS_OK : STATUS_UNREACHABLE);
    }
    output_end(&cli->output);
    return status;
}
