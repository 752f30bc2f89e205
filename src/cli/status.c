/* What nodes say of themselves: status, members, ping. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static const struct column status_columns[] = {
    {"endpoint", 0, false}, {"id", 2, false}, {"role", 0, false}, {"term", 4, false}, {"leader", 2, false},
    {"commit", 6, false}, {"applied", 6, false}, {"revision", 6, false}, {"files", 6, false}, {"disk", 0, false},
    {"version", 0, false}, {"error", 0, false},
};
enum { STATUS_COLUMNS = sizeof status_columns / sizeof status_columns[0] };

static void print_object(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
}

/* CALL's answer, or why there is none, of the endpoint of that TEXT. */
static void tell_status(struct cli *cli, const char *text, struct call *call)
{
    bool good = call->outcome == CALL_ANSWERED && call->answer.kind == ANSWER_STATUS;
    json_t *object = good ? status_of(call) : json_object();
    json_object_set_new(object, "endpoint", json_string(text));
    if (!good)
        json_object_set_new(object, "error", json_string(call->reason));
    if (cli->options.form == OUTPUT_JSON) {
        print_object(object);
    } else {
        struct value values[STATUS_COLUMNS];
        for (size_t i = 0; i < STATUS_COLUMNS; i++)
            values[i] = value_of(object, status_columns[i].name);
        if (good && values[STATUS_COLUMNS - 1].kind == VALUE_NONE)
            values[STATUS_COLUMNS - 1] = value_text("");
        output_row(&cli->output, values);
    }
    json_decref(object);
}

static int status_of_all(struct cli *cli)
{
    int answering = 0;
    if (cli->options.form == OUTPUT_TEXT)
        cli->output.form = OUTPUT_TABLE;
    output_begin(&cli->output, status_columns, STATUS_COLUMNS);
    for (size_t i = 0; i < cli->options.endpoints.count && !session_interrupted(); i++) {
        char text[ENDPOINT_TEXT_SIZE];
        struct session session;
        endpoint_text(&cli->options.endpoints.list[i], text);
        open_probe(cli, i, &session);
        struct call *call = call_open(text);
        call_ask(call, ANSWER_STATUS, "status");
        session_do(&session, call);
        answering += call->outcome == CALL_ANSWERED;
        tell_status(cli, text, call);
        call_close(call);
        session_close(&session);
    }
    output_end(&cli->output);
    return answering > 0 ? STATUS_OK : STATUS_UNREACHABLE;
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
        endpoint_text(&cli->session->options.endpoints.list[cli->session->endpoint], text);
        output_begin(&cli->output, status_columns, STATUS_COLUMNS);
        tell_status(cli, text, call);
        output_end(&cli->output);
    }
    call_close(call);
    return status;
}

/* --- members ------------------------------------------------------------------------------------------------------ */

int members_run(struct cli *cli)
{
    static const struct column columns[] = {
        {"node", 4, false}, {"address", 0, false}, {"role", 0, false}, {"link", 0, false}, {"leader", 0, false},
        {"match", 6, false}, {"state", 0, false}, {"heard_ms", 6, false}, {"disk", 0, false},
    };
    enum { COLUMNS = sizeof columns / sizeof columns[0] };
    struct call *call = call_open(NULL);
    call_ask(call, ANSWER_STATUS, "status");
    int status = cli_do(cli, call);
    if (status == STATUS_OK) {
        json_t *object = status_of(call);
        size_t index;
        json_t *node;
        if (cli->options.form == OUTPUT_TEXT)
            cli->output.form = OUTPUT_TABLE;
        output_begin(&cli->output, columns, COLUMNS);
        json_array_foreach(json_object_get(object, "nodes"), index, node) {
            struct value values[COLUMNS];
            for (size_t i = 0; i < COLUMNS; i++)
                values[i] = value_of(node, columns[i].name);
            output_row(&cli->output, values);
        }
        output_end(&cli->output);
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
            snprintf(trips->reason, sizeof trips->reason, "%s",
                     call->outcome == CALL_ANSWERED ? "it answers something else" : call->reason);
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
