#include "http/metrics.h"

#include <jansson.h>

#include "http/json.h"

/* Numbers of `status`, as they are. */
static const struct gauge {
    const char *key;
    const char *name;
    const char *type;
    const char *help;
} gauges[] = {
    {"term", "cleat_term", "gauge", "Term that this node knows."},
    {"leader", "cleat_leader_id", "gauge", "Id of the leader that this node knows, 0 for none."},
    {"commit", "cleat_commit_index", "gauge", "Index of the last entry that is decided."},
    {"applied", "cleat_applied_index", "gauge", "Index of the last entry that is applied here."},
    {"revision", "cleat_revision", "gauge", "Highest version given."},
    {"files", "cleat_files", "gauge", "Files."},
    {"memory_bytes", "cleat_memory_bytes", "gauge", "Memory that the files take."},
    {"log_bytes", "cleat_log_bytes", "gauge", "Log in memory."},
    {"wal_bytes", "cleat_wal_bytes", "gauge", "Log on disk."},
    {"wal_batches", "cleat_wal_syncs_total", "counter", "Batches written to the log, one sync each."},
    {"snapshot_index", "cleat_snapshot_index", "gauge", "Index of the newest snapshot."},
    {"snapshot_bytes", "cleat_snapshot_bytes", "gauge", "Snapshots on disk."},
    {"connections", "cleat_connections", "gauge", "Client connections."},
    {"uptime_s", "cleat_uptime_seconds", "gauge", "Seconds since the start."},
};

void metrics_write(struct buffer *out, const char *status, size_t size)
{
    json_t *values = json_status(status, size);
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++) {
        const struct gauge *gauge = &gauges[i];
        buffer_append_text(out, "# HELP ");
        buffer_append_text(out, gauge->name);
        buffer_append_text(out, " ");
        buffer_append_text(out, gauge->help);
        buffer_append_text(out, "\n# TYPE ");
        buffer_append_text(out, gauge->name);
        buffer_append_text(out, " ");
        buffer_append_text(out, gauge->type);
        buffer_append_text(out, "\n");
        buffer_append_text(out, gauge->name);
        buffer_append_text(out, " ");
        buffer_append_number(out, (uint64_t)json_integer_value(json_object_get(values, gauge->key)));
        buffer_append_text(out, "\n");
    }
    json_decref(values);
}
