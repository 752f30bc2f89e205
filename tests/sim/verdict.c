/* Whether a history can have happened. Three passes:
 *
 *   facts        what single operations tell: which version holds whose value, in which file
 *   time line    what returned before something was invoked must not be newer than what that saw or made
 *   connections  the same, with the order of the requests on a connection in place of time */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "sim/history.h"

enum { VERSIONS_MAX = 50 * 1000 * 1000 };

/* What must be true of a file, and of the cluster, for whoever comes later. */
struct bounds {
    uint64_t seen;   /* the file had this version: a later look finds it, a newer one, or none */
    uint64_t gone;   /* this version had gone: a later look does not find it */
    uint64_t newest; /* of any file: a later change has a higher one */
};

struct verdict {
    const struct history *history;
    const struct history_rules *rules;
    char *reason;
    uint64_t versions;      /* the highest one */
    uint64_t *writers;      /* by version: the id of the operation that made it; 0: not known */
    uint32_t *files;        /* by version: its file + 1; 0: not known */
    uint64_t *learned;      /* by id: the version that it made; 0: not known */
    struct bounds *invoked; /* by id: what was certain when it was invoked */
    uint64_t *first;        /* by file: its first operation, and by id: the next of the same file; 0: there is none */
    uint64_t *next;
};

/* Sets the reason; ID: an operation to be shown in it, or 0. */
static bool wrong(const struct verdict *verdict, uint64_t id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool wrong(const struct verdict *verdict, uint64_t id, const char *format, ...)
{
    static const char *const kinds[] = {"read", "write", "cas", "delete", "other"};
    static const char *const outcomes[] = {
        "pending", "OK", "CONTENTS", "NOT_FOUND", "ERR_VERSION", "refused", "unknown",
    };
    int used = 0;
    if (id > 0) {
        const struct operation *operation = history_operation(verdict->history, id);
        used = snprintf(verdict->reason, HISTORY_REASON_MAX,
                        "operation %llu (%s f%u, connection %llu, %.6f to %.6f, %s, version %llu): ",
                        (unsigned long long)id, kinds[operation->kind], operation->file,
                        (unsigned long long)operation->connection, (double)operation->invoked_us / 1e6,
                        operation->returned_us == UINT64_MAX ? -1.0 : (double)operation->returned_us / 1e6,
                        outcomes[operation->outcome], (unsigned long long)operation->version);
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->reason + used, (size_t)(HISTORY_REASON_MAX - used), format, arguments);
    va_end(arguments);
    return false;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* True where OPERATION changed something, or may have, or may yet. */
static bool may_have_happened(const struct operation *operation)
{
    return operation->outcome == RESULT_OK || operation->outcome == RESULT_UNKNOWN ||
           operation->outcome == RESULT_PENDING;
}

static bool writes(const struct operation *operation)
{
    return operation->kind == OPERATION_WRITE || operation->kind == OPERATION_CAS;
}

/* OPERATION found its file present, at operation->version. */
static bool found(const struct operation *operation)
{
    return operation->outcome == RESULT_CONTENTS ||
           (operation->outcome == RESULT_MISMATCH && operation->version > 0);
}

/* OPERATION found its file absent. */
static bool missed(const struct operation *operation)
{
    return operation->outcome == RESULT_NOT_FOUND ||
           (operation->outcome == RESULT_MISMATCH && operation->version == 0) ||
           (operation->kind == OPERATION_CAS && operation->outcome == RESULT_OK && operation->expected == 0);
}

static bool changed(const struct operation *operation)
{
    return writes(operation) && operation->outcome == RESULT_OK;
}

/* --- facts ------------------------------------------------------------------------------------------------------ */

static bool version_of_file(struct verdict *verdict, uint64_t id, uint64_t version, uint32_t file)
{
    if (version == 0)
        return wrong(verdict, id, "version 0");
    if (verdict->files[version] != 0 && verdict->files[version] != file + 1)
        return wrong(verdict, id, "its version was seen in f%u too", verdict->files[version] - 1);
    verdict->files[version] = file + 1;
    return true;
}

/* WRITER's value has VERSION: ID saw that. */
static bool version_of_writer(struct verdict *verdict, uint64_t id, uint64_t version, uint64_t writer)
{
    if (verdict->writers[version] != 0 && verdict->writers[version] != writer)
        return wrong(verdict, id, "version %llu is of operation %llu and of %llu", (unsigned long long)version,
                     (unsigned long long)verdict->writers[version], (unsigned long long)writer);
    if (verdict->learned[writer] != 0 && verdict->learned[writer] != version)
        return wrong(verdict, id, "operation %llu took effect twice: as version %llu and %llu",
                     (unsigned long long)writer, (unsigned long long)verdict->learned[writer],
                     (unsigned long long)version);
    verdict->writers[version] = writer;
    verdict->learned[writer] = version;
    return version_of_file(verdict, id, version, history_operation(verdict->history, writer)->file);
}

/* What of EXPTIME_S has passed at the most, WRITTEN_US being the earliest beginning. */
static bool remaining_fits(const struct verdict *verdict, const struct operation *read, const struct operation *writer)
{
    if (writer->exptime_s == 0)
        return read->remaining_s == 0;
    if (read->remaining_s == 0 || read->remaining_s > writer->exptime_s)
        return false;
    uint64_t passed_us = read->returned_us - writer->invoked_us;
    passed_us += passed_us * verdict->rules->drift_ppm / 1000000 + verdict->rules->slack_us;
    return read->remaining_s * 1000000 + passed_us >= writer->exptime_s * 1000000;
}

static bool read_facts(struct verdict *verdict, uint64_t id, const struct operation *read)
{
    if (read->seen == 0 || read->seen > verdict->history->count)
        return wrong(verdict, id, "it read a value that no one wrote");
    const struct operation *writer = history_operation(verdict->history, read->seen);
    if (!writes(writer) || writer->file != read->file)
        return wrong(verdict, id, "it read what operation %llu wrote to f%u", (unsigned long long)read->seen,
                     writer->file);
    if (!may_have_happened(writer))
        return wrong(verdict, id, "it read the value of operation %llu, which was refused",
                     (unsigned long long)read->seen);
    if (writer->invoked_us > read->returned_us)
        return wrong(verdict, id, "it read the value of operation %llu before that was sent",
                     (unsigned long long)read->seen);
    if (!remaining_fits(verdict, read, writer))
        return wrong(verdict, id, "%llu s remain of %llu s, written by operation %llu at %.6f at the earliest",
                     (unsigned long long)read->remaining_s, (unsigned long long)writer->exptime_s,
                     (unsigned long long)read->seen, (double)writer->invoked_us / 1e6);
    return version_of_writer(verdict, id, read->version, read->seen);
}

static bool facts(struct verdict *verdict)
{
    for (uint64_t id = 1; id <= verdict->history->count; id++) {
        const struct operation *operation = history_operation(verdict->history, id);
        bool fine = true;
        if (operation->outcome == RESULT_CONTENTS)
            fine = read_facts(verdict, id, operation);
        else if (changed(operation))
            fine = version_of_writer(verdict, id, operation->version, id);
        else if (found(operation))
            fine = version_of_file(verdict, id, operation->version, operation->file);
        if (fine && operation->outcome == RESULT_MISMATCH && operation->version == operation->expected)
            fine = wrong(verdict, id, "the version that it asked for was the file's");
        if (!fine)
            return false;
    }
    return true;
}

/* A cas replaced just the version that it asked for, and files have no more deletions than writes. */
static bool successions(struct verdict *verdict)
{
    uint64_t *previous = memory_get((verdict->rules->files + 1) * sizeof *previous);
    bool fine = true;
    for (uint64_t version = 1; fine && version <= verdict->versions; version++) {
        if (verdict->files[version] == 0)
            continue;
        uint64_t before = previous[verdict->files[version] - 1];
        previous[verdict->files[version] - 1] = version;
        uint64_t id = verdict->writers[version];
        if (id == 0)
            continue;
        const struct operation *operation = history_operation(verdict->history, id);
        if (operation->kind != OPERATION_CAS || operation->expected == 0)
            continue;
        if (before > operation->expected || operation->expected >= version)
            fine = wrong(verdict, id, "made version %llu from %llu, but the file had %llu in between",
                         (unsigned long long)version, (unsigned long long)operation->expected,
                         (unsigned long long)before);
    }
    free(previous);
    return fine;
}

static bool deletions(struct verdict *verdict)
{
    for (uint32_t file = 0; file < verdict->rules->files; file++) {
        uint64_t written = 0, deleted = 0;
        for (uint64_t id = 1; id <= verdict->history->count; id++) {
            const struct operation *operation = history_operation(verdict->history, id);
            if (operation->file != file || operation->kind == OPERATION_OTHER)
                continue;
            written += writes(operation) && may_have_happened(operation);
            deleted += operation->kind == OPERATION_DELETE && operation->outcome == RESULT_OK;
        }
        if (deleted > written)
            return wrong(verdict, 0, "f%u was deleted %llu times and written at most %llu times", file,
                         (unsigned long long)deleted, (unsigned long long)written);
    }
    return true;
}

/* --- absence ---------------------------------------------------------------------------------------------------- */

/* True if version SEEN of OPERATION's file, or one that came after it, may have been deleted or expired by the time
 * OPERATION returned. */
static bool absence_explained(const struct verdict *verdict, const struct operation *operation, uint64_t seen)
{
    uint64_t writer = verdict->writers[seen];
    uint64_t since_us = writer > 0 ? history_operation(verdict->history, writer)->invoked_us : 0;
    for (uint64_t id = verdict->first[operation->file]; id != 0; id = verdict->next[id]) {
        const struct operation *cause = history_operation(verdict->history, id);
        if (cause->invoked_us > operation->returned_us)
            break;
        if (cause == operation || !may_have_happened(cause))
            continue;
        if (cause->kind == OPERATION_DELETE && cause->returned_us >= since_us)
            return true;
        if (!writes(cause) || cause->exptime_s == 0 || (verdict->learned[id] != 0 && verdict->learned[id] < seen))
            continue;
        uint64_t life_us = cause->exptime_s * 1000000;
        life_us -= life_us * verdict->rules->drift_ppm / 1000000 + verdict->rules->slack_us;
        if (cause->invoked_us + life_us <= operation->returned_us)
            return true;
    }
    return false;
}

/* --- order ------------------------------------------------------------------------------------------------------ */

/* Whether OPERATION is possible where BOUNDS held when it was invoked. */
static bool fits(struct verdict *verdict, uint64_t id, const struct bounds *bounds, const char *order)
{
    const struct operation *operation = history_operation(verdict->history, id);
    if (writes(operation) && verdict->learned[id] != 0 && verdict->learned[id] <= bounds->newest)
        return wrong(verdict, id, "its version %llu is not above %llu, which came first (%s)",
                     (unsigned long long)verdict->learned[id], (unsigned long long)bounds->newest, order);
    uint64_t look = found(operation) ? operation->version : 0;
    if (changed(operation) && operation->kind == OPERATION_CAS)
        look = operation->expected;
    if (look != 0 && look < bounds->seen)
        return wrong(verdict, id, "it found version %llu, but %llu had been seen before (%s)", (unsigned long long)look,
                     (unsigned long long)bounds->seen, order);
    if (look != 0 && look <= bounds->gone)
        return wrong(verdict, id, "it found version %llu, but %llu had been seen to be gone (%s)",
                     (unsigned long long)look, (unsigned long long)bounds->gone, order);
    if (missed(operation) && bounds->seen > bounds->gone && !absence_explained(verdict, operation, bounds->seen))
        return wrong(verdict, id, "it found no file, but version %llu had been seen, and nothing removed it (%s)",
                     (unsigned long long)bounds->seen, order);
    return true;
}

/* What is certain after OPERATION, which was invoked when BEFORE was. */
static void learn(const struct verdict *verdict, uint64_t id, const struct bounds *before, struct bounds *now)
{
    const struct operation *operation = history_operation(verdict->history, id);
    if (found(operation) || changed(operation)) {
        now->seen = larger(now->seen, operation->version);
        now->newest = larger(now->newest, operation->version);
    }
    if (missed(operation) || (operation->kind == OPERATION_DELETE && operation->outcome == RESULT_OK))
        now->gone = larger(now->gone, before->seen);
}

struct point {
    uint64_t at_us; /* or, in the third pass, the connection */
    uint64_t id;
    bool returns;
};

/* Of things at the same time, invocations come first: then nothing is concluded about their order. */
static int compare_points(const void *left, const void *right)
{
    const struct point *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->returns != b->returns)
        return a->returns ? 1 : -1;
    return a->id < b->id ? -1 : 1;
}

static bool walk_points(struct verdict *verdict, const struct point *points, size_t count)
{
    struct bounds *files = memory_get(verdict->rules->files * sizeof *files);
    uint64_t newest = 0;
    bool fine = true;
    for (size_t i = 0; fine && i < count; i++) {
        struct bounds *file = &files[history_operation(verdict->history, points[i].id)->file];
        struct bounds *before = &verdict->invoked[points[i].id];
        if (!points[i].returns) {
            *before = *file;
            before->newest = newest;
            continue;
        }
        fine = fits(verdict, points[i].id, before, "time");
        file->newest = newest;
        learn(verdict, points[i].id, before, file);
        newest = file->newest;
    }
    free(files);
    return fine;
}

static bool time_line(struct verdict *verdict)
{
    const struct history *history = verdict->history;
    struct point *points = memory_get((2 * history->count + 1) * sizeof *points);
    size_t count = 0;
    for (uint64_t id = 1; id <= history->count; id++) {
        const struct operation *operation = history_operation(history, id);
        if (operation->kind == OPERATION_OTHER)
            continue;
        points[count++] = (struct point){operation->invoked_us, id, false};
        /* An unknown one returns never: only its own version is looked at, after all others. */
        points[count++] = (struct point){operation->returned_us, id, true};
    }
    qsort(points, count, sizeof *points, compare_points);
    bool fine = walk_points(verdict, points, count);
    free(points);
    return fine;
}

static bool walk_connections(struct verdict *verdict, const struct point *points, size_t count)
{
    struct bounds *files = memory_get(verdict->rules->files * sizeof *files);
    uint64_t newest = 0;
    bool fine = true;
    for (size_t i = 0; fine && i < count; i++) {
        if (i > 0 && points[i].at_us != points[i - 1].at_us) {
            for (uint32_t file = 0; file < verdict->rules->files; file++)
                files[file] = (struct bounds){0};
            newest = 0;
        }
        const struct operation *operation = history_operation(verdict->history, points[i].id);
        if (operation->returned_us == UINT64_MAX)
            continue;
        struct bounds *file = &files[operation->file];
        file->newest = newest;
        fine = fits(verdict, points[i].id, file, "connection");
        struct bounds before = *file;
        learn(verdict, points[i].id, &before, file);
        newest = file->newest;
    }
    free(files);
    return fine;
}

static bool connections(struct verdict *verdict)
{
    const struct history *history = verdict->history;
    struct point *points = memory_get((history->count + 1) * sizeof *points);
    size_t count = 0;
    for (uint64_t id = 1; id <= history->count; id++) {
        const struct operation *operation = history_operation(history, id);
        if (operation->kind != OPERATION_OTHER)
            points[count++] = (struct point){operation->connection, id, false};
    }
    qsort(points, count, sizeof *points, compare_points);
    bool fine = walk_connections(verdict, points, count);
    free(points);
    return fine;
}

/* Chains the operations of each file, in the order in which they were invoked. */
static void chain_files(struct verdict *verdict)
{
    for (uint64_t id = verdict->history->count; id > 0; id--) {
        uint32_t file = history_operation(verdict->history, id)->file;
        verdict->next[id] = verdict->first[file];
        verdict->first[file] = id;
    }
}

bool history_check(const struct history *history, const struct history_rules *rules, char reason[HISTORY_REASON_MAX])
{
    struct verdict verdict = {.history = history, .rules = rules, .reason = reason};
    for (uint64_t id = 1; id <= history->count; id++)
        verdict.versions = larger(verdict.versions, history_operation(history, id)->version);
    if (verdict.versions > VERSIONS_MAX)
        return wrong(&verdict, 0, "version %llu is absurd", (unsigned long long)verdict.versions);
    verdict.writers = memory_get((verdict.versions + 1) * sizeof *verdict.writers);
    verdict.files = memory_get((verdict.versions + 1) * sizeof *verdict.files);
    verdict.learned = memory_get((history->count + 1) * sizeof *verdict.learned);
    verdict.invoked = memory_get((history->count + 1) * sizeof *verdict.invoked);
    verdict.first = memory_get((rules->files + 1) * sizeof *verdict.first);
    verdict.next = memory_get((history->count + 1) * sizeof *verdict.next);
    chain_files(&verdict);
    bool fine = facts(&verdict) && successions(&verdict) && deletions(&verdict) && time_line(&verdict) &&
                connections(&verdict);
    free(verdict.writers);
    free(verdict.files);
    free(verdict.learned);
    free(verdict.invoked);
    free(verdict.first);
    free(verdict.next);
    return fine;
}
