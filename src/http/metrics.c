#include "http/metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "json/encode.h"
#include "raft/raft.h"

enum { LINE_MAX_BYTES = 256, LABELS_MAX_BYTES = 96 };

/* What all values are read from. */
struct reading {
    json_t *status;
    const struct meter *meter;
    const struct meter_levels *levels;
};

/* One value; LABELS are within their braces, or empty. */
static void value(struct buffer *out, const char *name, const char *labels, uint64_t number)
{
    char line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%s%s %" PRIu64 "\n", name, labels, number);
    buffer_append_text(out, line);
}

/* LABELS without braces, or empty: those of all buckets. Only bounds from LEAST_US on are told. */
static void write_histogram(struct buffer *out, const char *name, const char *labels,
                            const struct meter_histogram *histogram, uint64_t least_us)
{
    char line[LINE_MAX_BYTES], total[LINE_MAX_BYTES];
    const char *comma = labels[0] ? "," : "", *open = labels[0] ? "{" : "", *shut = labels[0] ? "}" : "";
    uint64_t count = 0;
    for (unsigned i = 0; i < METER_BUCKETS; i++) {
        char bound[32] = "+Inf";
        if (i < METER_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%g", (double)meter_bounds_us[i] / 1e6);
        count += histogram->buckets[i];
        if (i < METER_BUCKETS - 1 && meter_bounds_us[i] < least_us)
            continue;
        snprintf(line, sizeof line, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, comma, bound, count);
        buffer_append_text(out, line);
    }
    snprintf(total, sizeof total, "%s_sum%s%s%s %g\n%s_count%s%s%s %" PRIu64 "\n", name, open, labels, shut,
             (double)histogram->sum_us / 1e6, name, open, labels, shut, count);
    buffer_append_text(out, total);
}

/* --- metrics of several values ------------------------------------------------------------------------------------ */

static void write_build(struct buffer *out, const char *name, const struct reading *reading)
{
    const char *version = json_string_value(json_object_get(reading->status, "version"));
    char labels[LABELS_MAX_BYTES];
    snprintf(labels, sizeof labels, "{version=\"%.60s\"}", version ? version : "");
    value(out, name, labels, 1);
}

static void write_role(struct buffer *out, const char *name, const struct reading *reading)
{
    static const struct {
        enum raft_role role;
        const char *labels;
    } roles[] = {
        {RAFT_FOLLOWER, "{role=\"follower\"}"},
        {RAFT_PRECANDIDATE, "{role=\"precandidate\"}"},
        {RAFT_CANDIDATE, "{role=\"candidate\"}"},
        {RAFT_LEADER, "{role=\"leader\"}"},
    };
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        value(out, name, roles[i].labels, reading->levels->role == (uint32_t)roles[i].role);
}

static void write_commands(struct buffer *out, const char *name, const struct reading *reading)
{
    static const char *const outcomes[METER_OUTCOME_COUNT] = {"done", "not_so", "failed", "dropped"};
    char labels[LABELS_MAX_BYTES];
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        for (unsigned i = 0; verb_row(verb)->metric && i < METER_OUTCOME_COUNT; i++) {
            snprintf(labels, sizeof labels, "{verb=\"%s\",outcome=\"%s\"}", verb_row(verb)->metric, outcomes[i]);
            value(out, name, labels, reading->meter->commands[verb][i]);
        }
    }
}

static void write_command_seconds(struct buffer *out, const char *name, const struct reading *reading)
{
    char labels[LABELS_MAX_BYTES];
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        if (!verb_row(verb)->metric)
            continue;
        snprintf(labels, sizeof labels, "verb=\"%s\"", verb_row(verb)->metric);
        write_histogram(out, name, labels, &reading->meter->latency[verb], 1000);
    }
}

static void write_errors(struct buffer *out, const char *name, const struct reading *reading)
{
    char labels[LABELS_MAX_BYTES];
    for (unsigned i = 0; i < REPLY_ERROR_COUNT; i++) {
        snprintf(labels, sizeof labels, "{code=\"%s\"}", error_row((enum reply_error)i)->code);
        value(out, name, labels, reading->meter->errors[i]);
    }
}

static void write_sync_seconds(struct buffer *out, const char *name, const struct reading *reading)
{
    write_histogram(out, name, "", &reading->meter->syncs, 0);
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* A function for each row. */
#define STATUS(key) value(out, name, "", (uint64_t)json_integer_value(json_object_get(reading->status, key)))
#define LEVEL(field) value(out, name, "", reading->levels->field)
#define METER(field) value(out, name, "", reading->meter->field)
#define BY(function) function(out, name, reading)

#define METRIC(name_, type, labels, how, help)                                                                        \
    static void write_##name_(struct buffer *out, const char *name, const struct reading *reading)                    \
    {                                                                                                                 \
        how;                                                                                                          \
    }
#include "http/metrics.def"
#undef METRIC

const struct metric metric_rows[] = {
#define METRIC(name, type, labels, how, help) {#name, #type, labels, help, write_##name},
#include "http/metrics.def"
#undef METRIC
};
const size_t metric_rows_count = sizeof metric_rows / sizeof metric_rows[0];

void metrics_write(struct buffer *out, const char *status, size_t size, const struct meter *meter,
                   const struct meter_levels *levels)
{
    struct reading reading = {.status = json_status(status, size), .meter = meter, .levels = levels};
    for (size_t i = 0; i < metric_rows_count; i++) {
        char lines[2 * LINE_MAX_BYTES];
        snprintf(lines, sizeof lines, "# HELP %s %s\n# TYPE %s %s\n", metric_rows[i].name, metric_rows[i].help,
                 metric_rows[i].name, metric_rows[i].type);
        buffer_append_text(out, lines);
        metric_rows[i].write(out, metric_rows[i].name, &reading);
    }
    json_decref(reading.status);
}
