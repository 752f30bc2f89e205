#include "http/metrics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "json/encode.h"
#include "raft/raft.h"

enum { LINE_MAX_BYTES = 256, LABELS_MAX_BYTES = 96 };

static void head(struct buffer *out, const char *name, const char *type, const char *help)
{
    char lines[2 * LINE_MAX_BYTES];
    snprintf(lines, sizeof lines, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    buffer_append_text(out, lines);
}

/* One value; LABELS are within their braces, or empty. */
static void value(struct buffer *out, const char *name, const char *labels, uint64_t number)
{
    char line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%s%s %" PRIu64 "\n", name, labels, number);
    buffer_append_text(out, line);
}

static void single(struct buffer *out, const char *name, const char *type, const char *help, uint64_t number)
{
    head(out, name, type, help);
    value(out, name, "", number);
}

/* Numbers of `status`, as they are. */
static void write_status(struct buffer *out, const char *status, size_t size)
{
    static const struct {
        const char *key;
        const char *name;
        const char *help;
    } gauges[] = {
        {"term", "cleat_term", "Term that this node knows."},
        {"leader", "cleat_leader_id", "Id of the leader that this node knows, 0 for none."},
        {"commit", "cleat_commit_index", "Index of the last entry that is decided."},
        {"applied", "cleat_applied_index", "Index of the last entry that is applied here."},
        {"revision", "cleat_revision", "Highest version given."},
        {"files", "cleat_files", "Files."},
        {"memory_bytes", "cleat_memory_bytes", "Memory that the files take."},
        {"log_bytes", "cleat_log_bytes", "Log in memory."},
        {"wal_bytes", "cleat_wal_bytes", "Log on disk."},
        {"snapshot_index", "cleat_snapshot_index", "Index of the newest snapshot."},
        {"snapshot_bytes", "cleat_snapshot_bytes", "Snapshots on disk."},
        {"connections", "cleat_connections", "Client connections."},
        {"uptime_s", "cleat_uptime_seconds", "Seconds since the start."},
    };
    json_t *values = json_status(status, size);
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++) {
        json_t *number = json_object_get(values, gauges[i].key);
        single(out, gauges[i].name, "gauge", gauges[i].help, (uint64_t)json_integer_value(number));
    }
    const char *version = json_string_value(json_object_get(values, "version"));
    char labels[LABELS_MAX_BYTES];
    snprintf(labels, sizeof labels, "{version=\"%.60s\"}", version ? version : "");
    head(out, "cleat_build_info", "gauge", "This program, always 1.");
    value(out, "cleat_build_info", labels, 1);
    json_decref(values);
}

static void write_levels(struct buffer *out, const struct meter_levels *levels)
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
    head(out, "cleat_role", "gauge", "Role in the consensus: 1 for the one that this node has.");
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        value(out, "cleat_role", roles[i].labels, levels->role == (uint32_t)roles[i].role);
    single(out, "cleat_ready", "gauge", "1 where this node can serve its clients.", levels->ready);
    single(out, "cleat_voters_here", "gauge", "Voters that this node is linked to, itself included.",
           levels->voters_here);
    single(out, "cleat_voters_needed", "gauge", "Voters that it takes to decide anything.", levels->voters_needed);
    single(out, "cleat_window_commands", "gauge", "Numbered changes that are not applied yet.", levels->window);
    single(out, "cleat_window_bytes", "gauge", "Bytes of these.", levels->window_bytes);
    single(out, "cleat_held_bytes", "gauge", "Contents held for clients.", levels->held_bytes);
    single(out, "cleat_log_unsynced_bytes", "gauge", "Log that is not on this disk yet.", levels->unsynced_bytes);
    single(out, "cleat_snapshots_total", "counter", "Snapshots taken.", levels->snapshots);
    single(out, "cleat_snapshots_installed_total", "counter", "Snapshots taken over from another node.",
           levels->snapshots_installed);
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

static void write_commands(struct buffer *out, const struct meter *meter)
{
    static const char *const outcomes[METER_OUTCOME_COUNT] = {"done", "not_so", "failed", "dropped"};
    char labels[LABELS_MAX_BYTES];
    head(out, "cleat_commands_total", "counter",
         "Commands by verb and outcome; not_so: another version, or no such file.");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        for (unsigned j = 0; verb_row(verb)->metric && j < METER_OUTCOME_COUNT; j++) {
            snprintf(labels, sizeof labels, "{verb=\"%s\",outcome=\"%s\"}", verb_row(verb)->metric, outcomes[j]);
            value(out, "cleat_commands_total", labels, meter->commands[verb][j]);
        }
    }
    head(out, "cleat_command_seconds", "histogram", "From a command's arrival to its answer, in whole milliseconds.");
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        if (!verb_row(verb)->metric)
            continue;
        snprintf(labels, sizeof labels, "verb=\"%s\"", verb_row(verb)->metric);
        write_histogram(out, "cleat_command_seconds", labels, &meter->latency[verb], 1000);
    }
}

static void write_errors(struct buffer *out, const struct meter *meter)
{
    char labels[LABELS_MAX_BYTES];
    head(out, "cleat_errors_total", "counter", "Errors told to clients, by code.");
    for (unsigned i = 0; i < REPLY_ERROR_COUNT; i++) {
        snprintf(labels, sizeof labels, "{code=\"%s\"}", error_row((enum reply_error)i)->code);
        value(out, "cleat_errors_total", labels, meter->errors[i]);
    }
}

void metrics_write(struct buffer *out, const char *status, size_t size, const struct meter *meter,
                   const struct meter_levels *levels)
{
    write_status(out, status, size);
    write_levels(out, levels);
    write_commands(out, meter);
    write_errors(out, meter);
    single(out, "cleat_proposals_total", "counter", "Changes of this node's clients that were proposed.",
           meter->proposals);
    single(out, "cleat_elections_total", "counter", "Elections in which this node stood.", meter->elections);
    single(out, "cleat_leader_changes_total", "counter", "Leaders that this node came to know, one after the other.",
           meter->leader_changes);
    head(out, "cleat_wal_sync_seconds", "histogram", "Writing a batch to the log, with its sync.");
    write_histogram(out, "cleat_wal_sync_seconds", "", &meter->syncs, 0);
}
