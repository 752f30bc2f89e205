/* Each metric of the table is told, with its labels and no others; and SPEC.md's table has them all. */
#include "http/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/check.h"
#include "support/spec.h"

static const char status[] = "id=1\r\nterm=71\r\nleader=2\r\ncommit=72\r\napplied=73\r\nrevision=74\r\nfiles=75\r\n"
                             "memory_bytes=76\r\nlog_bytes=77\r\nwal_bytes=78\r\nsnapshot_index=79\r\n"
                             "snapshot_bytes=80\r\nconnections=81\r\nuptime_s=82\r\nversion=9.9\r\n";

static struct meter meter;
static char *text;

static void setup(void)
{
    struct buffer out = {0};
    const struct meter_levels levels = {
        .window = 101, .window_bytes = 102, .held_bytes = 103, .unsynced_bytes = 104, .snapshots = 105,
        .snapshots_installed = 106, .ready = true, .voters_here = 108, .voters_needed = 109,
    };
    memset(&meter, 0, sizeof meter);
    meter.proposals = 201;
    meter.elections = 202;
    meter.leader_changes = 203;
    meter.commands[VERB_TOUCH][METER_FAILED] = 204;
    meter.errors[REPLY_DISK_FULL] = 205;
    meter_duration(&meter.latency[VERB_READ], 5000);
    metrics_write(&out, status, sizeof status - 1, &meter, &levels);
    buffer_append_u8(&out, 0);
    text = (char *)out.bytes;
}

static void teardown(void)
{
    free(text);
}

static void has(const char *line)
{
    char *found = spec_line(text, line, NULL, NULL);
    ck_assert_msg(found != NULL, "%s", line);
    free(found);
}

START_TEST(values_come_from_where_the_rows_say)
{
    static const char *const lines[] = {
        "cleat_term 71", "cleat_leader_id 2", "cleat_commit_index 72", "cleat_applied_index 73", "cleat_revision 74",
        "cleat_files 75", "cleat_memory_bytes 76", "cleat_log_bytes 77", "cleat_wal_bytes 78",
        "cleat_snapshot_index 79", "cleat_snapshot_bytes 80", "cleat_connections 81", "cleat_uptime_seconds 82",
        "cleat_build_info{version=\"9.9\"} 1", "cleat_role{role=\"leader\"} ", "cleat_ready 1",
        "cleat_voters_here 108", "cleat_voters_needed 109", "cleat_window_commands 101", "cleat_window_bytes 102",
        "cleat_held_bytes 103", "cleat_log_unsynced_bytes 104", "cleat_snapshots_total 105",
        "cleat_snapshots_installed_total 106", "cleat_proposals_total 201", "cleat_elections_total 202",
        "cleat_leader_changes_total 203", "cleat_commands_total{verb=\"touch\",outcome=\"failed\"} 204",
        "cleat_errors_total{code=\"ERR_DISK_FULL\"} 205",
        "cleat_command_seconds_bucket{verb=\"read\",le=\"0.005\"} 1",
        "cleat_command_seconds_count{verb=\"read\"} 1", "cleat_wal_sync_seconds_count 0",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        has(lines[i]);
}
END_TEST

/* `set` is counted as `write`, whose command it makes; what does not wait is not counted. */
START_TEST(each_verb_that_is_counted_has_its_label_once)
{
    for (enum verb verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
        char line[100];
        snprintf(line, sizeof line, "cleat_commands_total{verb=\"%s\",outcome=\"done\"}", verb_name(verb));
        char *found = spec_line(text, line, NULL, NULL);
        ck_assert_msg((found != NULL) == (verb_row(verb)->metric != NULL), "%s", line);
        free(found);
    }
    ck_assert(strstr(text, "verb=\"set\"") == NULL);
}
END_TEST

/* The names of the labels of METRIC's first value, as its row has them. */
static void labels_are(const struct metric *metric)
{
    char *histogram, *wanted = strdup(metric->labels), *save = NULL;
    ck_assert_int_ge(asprintf(&histogram, "%s_bucket", metric->name), 0);
    bool is_histogram = strcmp(metric->type, "histogram") == 0;
    char *line = spec_line(text, is_histogram ? histogram : metric->name, NULL, NULL);
    ck_assert_msg(line != NULL, "%s has no value", metric->name);
    unsigned count = 0;
    for (const char *equals = line; (equals = strstr(equals, "=\"")); equals++)
        count++;
    for (char *label = strtok_r(wanted, ", ", &save); label; label = strtok_r(NULL, ", ", &save), count--)
        ck_assert_msg(strstr(line, label) != NULL, "%s: %s", metric->name, label);
    ck_assert_msg(count == (is_histogram ? 1 : 0), "%s has other labels", line);
    free(line);
    free(wanted);
    free(histogram);
}

START_TEST(each_row_is_told_with_its_labels)
{
    for (size_t i = 0; i < metric_rows_count; i++) {
        char line[300];
        snprintf(line, sizeof line, "# HELP %s %s", metric_rows[i].name, metric_rows[i].help);
        has(line);
        snprintf(line, sizeof line, "# TYPE %s %s", metric_rows[i].name, metric_rows[i].type);
        has(line);
        labels_are(&metric_rows[i]);
    }
}
END_TEST

START_TEST(the_specification_has_each_row)
{
    char *section = spec_section("### Metrics");
    char start[100];
    for (size_t i = 0; i < metric_rows_count; i++) {
        snprintf(start, sizeof start, "| `%s` | %s |", metric_rows[i].name, metric_rows[i].type);
        char *line = spec_line(section, start, NULL, NULL);
        ck_assert_msg(line != NULL, "%s is missing", start);
        char *labels = spec_cell(line, 2), *save = NULL;
        char *wanted = strdup(*metric_rows[i].labels ? metric_rows[i].labels : "-");
        for (char *label = strtok_r(wanted, ", ", &save); label; label = strtok_r(NULL, ", ", &save))
            ck_assert_msg(strstr(labels, label) != NULL, "%s: %s", start, label);
        free(wanted);
        free(labels);
        free(line);
    }
    size_t count = 0;
    const char *after = NULL;
    for (char *line; (line = spec_line(section, "| `", after, &after)); count++)
        free(line);
    ck_assert_uint_eq(count, metric_rows_count); /* so it has none that is not told */
    free(section);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, values_come_from_where_the_rows_say);
    tcase_add_test(tests, each_verb_that_is_counted_has_its_label_once);
    tcase_add_test(tests, each_row_is_told_with_its_labels);
    tcase_add_test(tests, the_specification_has_each_row);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
