#include "torture/record.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "torture/plan.h"

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void record_begin(struct record *record, const char *path)
{
    *record = (struct record){.file = fopen(path, "w"), .begun_ns = now_ns()};
    if (!record->file)
        wire_fail("%s: %s", path, strerror(errno));
}

uint64_t record_now_us(const struct record *record)
{
    return (now_ns() - record->begun_ns) / 1000;
}

static enum operation_outcome outcome_of(const struct operation *operation, const struct wire_reply *reply)
{
    switch (reply->code) {
    case WIRE_OK: return OUTCOME_OK;
    case WIRE_CONTENTS: return OUTCOME_CONTENTS;
    case WIRE_NOT_FOUND: return OUTCOME_NOT_FOUND;
    case WIRE_MISMATCH: return OUTCOME_MISMATCH;
    case WIRE_TIMEOUT: return operation_changes(operation) ? OUTCOME_TIMEOUT : OUTCOME_REFUSED;
    default: return OUTCOME_REFUSED;
    }
}

/* The reply is one that such a command can have. */
static bool fits(const struct operation *operation, const struct wire_reply *reply)
{
    bool reads = !operation_changes(operation);
    switch (reply->code) {
    case WIRE_OK: return !reads && (reply->version > 0) == operation_writes(operation);
    case WIRE_CONTENTS: return reads;
    case WIRE_NOT_FOUND: return !operation_writes(operation);
    case WIRE_MISMATCH: return operation->kind == OPERATION_CAS;
    default: return true;
    }
}

void record_operation(struct record *record, struct operation *operation, const struct wire_reply *reply)
{
    operation->outcome = OUTCOME_BROKEN;
    operation->returned_us = UINT64_MAX;
    if (reply) {
        if (!fits(operation, reply))
            wire_fail("node %u answers a %s with '%s'", operation->node, operation_kind_names[operation->kind],
                      reply->line);
        operation->outcome = (uint8_t)outcome_of(operation, reply);
        operation->version = reply->version;
        if (operation->outcome != OUTCOME_TIMEOUT)
            operation->returned_us = record_now_us(record);
    }
    if (operation->outcome == OUTCOME_CONTENTS) {
        operation->value = value_number(reply->value, reply->value_size);
        operation->remaining_s = reply->exptime_s < UINT32_MAX ? (uint32_t)reply->exptime_s : UINT32_MAX;
    }
    if (operation_changes(operation) && operation->outcome == OUTCOME_OK) {
        record_gap(record);
        record->progress_us = operation->returned_us;
    }
    record->counts[operation->kind][operation->outcome]++;
    operation_print(operation, record->file);
}

void record_note(struct record *record, const char *text)
{
    uint64_t now_us = record_now_us(record);
    fprintf(record->file, "# %" PRIu64 ".%06" PRIu64 " %s\n", now_us / 1000000, now_us % 1000000, text);
}

void record_gap(struct record *record)
{
    uint64_t now_us = record_now_us(record);
    if (!record->majority || now_us - record->progress_us <= record->gap_us)
        return;
    record->gap_us = now_us - record->progress_us;
    record->gap_at_us = now_us;
}

void record_majority(struct record *record, bool majority)
{
    record_gap(record);
    if (majority && !record->majority)
        record->progress_us = record_now_us(record);
    record->majority = majority;
}

void record_end(struct record *record, FILE *out)
{
    for (size_t kind = 0; kind < OPERATION_KINDS; kind++) {
        fprintf(out, "%-6s", operation_kind_names[kind]);
        for (size_t outcome = 0; outcome < OUTCOMES; outcome++)
            if (record->counts[kind][outcome] > 0)
                fprintf(out, "  %s %" PRIu64, outcome_names[outcome], record->counts[kind][outcome]);
        fputc('\n', out);
    }
    fprintf(out, "connections %" PRIu32 "\n", record->connections);
    fprintf(out, "longest_ms %" PRIu64 " until %" PRIu64 ".%03" PRIu64 "\n", record->gap_us / 1000,
            record->gap_at_us / 1000000, record->gap_at_us / 1000 % 1000);
    bool failed = ferror(record->file) != 0;
    if (fclose(record->file) != 0 || failed)
        wire_fail("the history could not be written");
}
