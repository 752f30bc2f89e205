/* The search against one that tries everything: small histories at random, right ones, and such in which replies were
 * changed. The other one knows no shortcut: it tries all orders, and everything that may have happened or not. */
#include <stdlib.h>

#include "base/random.h"
#include "support/check.h"
#include "unit/torture/story.h"

enum { OPERATIONS_MAX = 7, HISTORIES = 60000, STEP_US = 400000 };

/* --- the other search ------------------------------------------------------------------------------------------- */

struct other {
    const struct operation *operations;
    size_t count;
    bool done[OPERATIONS_MAX];
};

struct file {
    const struct operation *writer; /* NULL: absent */
    uint64_t version;               /* of it; 0: any from `last` on */
    uint64_t last;
    uint64_t gone_us;               /* what comes next returns later */
};

static bool certain(const struct operation *operation)
{
    return operation->outcome != OUTCOME_REFUSED && !operation_unknown(operation);
}

static bool may_come_next(const struct other *other, size_t next)
{
    const struct operation *operation = &other->operations[next];
    if (other->done[next] || operation->outcome == OUTCOME_REFUSED ||
        (operation_unknown(operation) && !operation_changes(operation)))
        return false;
    for (size_t i = 0; i < other->count; i++) {
        const struct operation *one = &other->operations[i];
        bool first = one->returned_us < operation->invoked_us || (one->connection == operation->connection && i < next);
        if (certain(one) && !other->done[i] && first)
            return false;
        if (other->done[i] && one->connection == operation->connection && i > next && operation_changes(one))
            return false;
    }
    return true;
}

static bool takes_version(struct file *file, uint64_t version)
{
    bool fine = file->writer && (file->version > 0 ? file->version == version : version >= file->last);
    file->version = version;
    file->last = fine && version > file->last ? version : file->last;
    return fine;
}

/* Does OPERATION on FILE; false where its reply, if any, is not the one that FILE gives. */
static bool happens(struct file *file, const struct operation *operation)
{
    switch (operation->outcome) {
    case OUTCOME_CONTENTS:
        return file->writer && file->writer->value == operation->value && takes_version(file, operation->version);
    case OUTCOME_NOT_FOUND:
        return !file->writer;
    case OUTCOME_MISMATCH:
        return operation->version != operation->expected &&
               (operation->version == 0 ? !file->writer : takes_version(file, operation->version));
    default:
        break;
    }
    if (operation->kind == OPERATION_DELETE) {
        bool there = file->writer != NULL;
        *file = (struct file){.last = file->last + 1, .gone_us = file->gone_us};
        return there;
    }
    if (operation->kind == OPERATION_CAS && operation->expected == 0 && file->writer)
        return false;
    if (operation->kind == OPERATION_CAS && operation->expected > 0 && !takes_version(file, operation->expected))
        return false;
    bool rises = operation->version == 0 || operation->version > file->last;
    file->last = operation->version > 0 ? operation->version : file->last + 1;
    file->writer = operation;
    file->version = operation->version;
    return rises;
}

/* The file's time is over; false where it has none. */
static bool expires(struct file *file)
{
    if (!file->writer || file->writer->exptime_s == 0)
        return false;
    uint64_t over_us = file->writer->invoked_us + (uint64_t)file->writer->exptime_s * 1000000 - STORY_EARLY_US;
    *file = (struct file){.last = file->last + 1, .gone_us = over_us > file->gone_us ? over_us : file->gone_us};
    return true;
}

static bool goes_on(struct other *other, const struct file *file)
{
    size_t left = 0;
    for (size_t i = 0; i < other->count; i++)
        left += certain(&other->operations[i]) && !other->done[i];
    if (left == 0)
        return true;
    for (size_t i = 0; i < other->count; i++) {
        if (!may_come_next(other, i) || other->operations[i].returned_us < file->gone_us)
            continue;
        other->done[i] = true;
        struct file after = *file;
        bool fine = happens(&after, &other->operations[i]) && goes_on(other, &after);
        after = *file;
        if (!fine && expires(&after) && other->operations[i].returned_us >= after.gone_us)
            fine = happens(&after, &other->operations[i]) && goes_on(other, &after);
        other->done[i] = false;
        if (fine)
            return true;
    }
    return false;
}

/* --- histories -------------------------------------------------------------------------------------------------- */

struct truth {
    struct random random;
    struct file file;
    uint64_t ends_us; /* of what is in the file; UINT64_MAX: never */
};

static bool chance(struct random *random, uint64_t percent)
{
    return random_between(random, 1, 100) <= percent;
}

static void change(struct truth *truth, struct operation *operation, uint64_t at_us)
{
    if (operation->kind == OPERATION_DELETE) {
        operation->outcome = truth->file.writer ? OUTCOME_OK : OUTCOME_NOT_FOUND;
        truth->file.last += truth->file.writer != NULL;
        truth->file.writer = NULL;
        return;
    }
    uint64_t version = truth->file.writer ? truth->file.version : 0;
    if (operation->kind == OPERATION_CAS && operation->expected != version) {
        operation->outcome = OUTCOME_MISMATCH;
        operation->version = version;
        return;
    }
    truth->file.last += random_between(&truth->random, 1, 2);
    truth->file.writer = operation;
    truth->file.version = operation->version = truth->file.last;
    truth->ends_us = operation->exptime_s > 0 ? at_us + (uint64_t)operation->exptime_s * 1000000 : UINT64_MAX;
}

/* What OPERATION is told if it is done at AT_US. */
static void reply(struct truth *truth, struct operation *operation, uint64_t at_us)
{
    if (truth->file.writer && truth->ends_us <= at_us) {
        truth->file.writer = NULL;
        truth->file.last++;
    }
    if (operation_changes(operation)) {
        change(truth, operation, at_us);
    } else if (truth->file.writer) {
        operation->outcome = OUTCOME_CONTENTS;
        operation->version = truth->file.version;
        operation->value = truth->file.writer->value;
    } else {
        operation->outcome = OUTCOME_NOT_FOUND;
    }
}

static void make(struct truth *truth, struct operation *operations, size_t count)
{
    struct random *random = &truth->random;
    for (size_t i = 0; i < count; i++) {
        struct operation *operation = &operations[i];
        uint64_t at_us = (10 + i) * STEP_US;
        *operation = (struct operation){
            .kind = (uint8_t)random_between(random, OPERATION_READ, OPERATION_DELETE),
            .connection = (uint32_t)i + 1,
            .invoked_us = at_us - random_between(random, 0, 5 * STEP_US / 2),
            .returned_us = at_us + random_between(random, 0, 5 * STEP_US / 2),
        };
        if (i > 0 && chance(random, 30)) { /* on the same connection, where replies are in order */
            const struct operation *before = &operations[i - 1];
            operation->connection = before->connection;
            if (operation->invoked_us < before->invoked_us)
                operation->invoked_us = before->invoked_us;
            if (before->returned_us != UINT64_MAX && operation->returned_us < before->returned_us)
                operation->returned_us = before->returned_us;
        }
        if (operation_writes(operation)) {
            operation->value = (uint32_t)i + 1;
            operation->exptime_s = chance(random, 25);
        }
        if (operation->kind == OPERATION_CAS && chance(random, 70))
            operation->expected = truth->file.writer ? truth->file.version : truth->file.last;
        bool unknown = chance(random, 30);
        if (!unknown || chance(random, 60))
            reply(truth, operation, at_us);
        if (!unknown)
            continue;
        operation->outcome = OUTCOME_BROKEN;
        operation->returned_us = UINT64_MAX;
        operation->version = 0;
        operation->value = operation_writes(operation) ? operation->value : 0;
    }
}

/* Makes one reply another one, if it can. */
static void spoil(struct random *random, struct operation *operations, size_t count)
{
    struct operation *operation = &operations[random_between(random, 0, count - 1)];
    switch (random_between(random, 0, 3)) {
    case 0:
        if (operation->version > 0)
            operation->version += chance(random, 50) ? 1 : UINT64_MAX;
        break;
    case 1:
        if (operation->outcome == OUTCOME_CONTENTS) {
            const struct operation *another = &operations[random_between(random, 0, count - 1)];
            operation->value = operation_writes(another) ? another->value : operation->value;
            operation->version = operation_writes(another) && another->outcome == OUTCOME_OK ? another->version
                                                                                            : operation->version;
        }
        break;
    case 2:
        if (!operation_writes(operation) && !operation_unknown(operation)) {
            operation->outcome = OUTCOME_NOT_FOUND;
            operation->version = 0;
            operation->value = 0;
        }
        break;
    default:
        if (operation->outcome == OUTCOME_OK && operation->kind != OPERATION_DELETE) {
            operation->outcome = OUTCOME_REFUSED;
            operation->version = 0;
        }
        break;
    }
}

/* Versions that this one takes for granted are no concern of the model: 0 after the spoiling stands for no version. */
static bool sound(const struct operation *operations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = &operations[i];
        bool needs = operation->outcome == OUTCOME_CONTENTS ||
                     (operation->outcome == OUTCOME_OK && operation_writes(operation));
        if (needs && operation->version == 0)
            return false;
    }
    return true;
}

static void check_one(uint64_t seed, size_t verdicts[2])
{
    struct truth truth = {.random = {seed}, .ends_us = UINT64_MAX};
    struct operation operations[OPERATIONS_MAX];
    size_t count = (size_t)random_between(&truth.random, 2, OPERATIONS_MAX);
    make(&truth, operations, count);
    bool spoilt = chance(&truth.random, 70);
    for (int i = 0; spoilt && i < 3; i++)
        spoil(&truth.random, operations, count);
    if (!sound(operations, count))
        return;
    for (size_t i = 0; i < count; i++) { /* what remains is not what this is about */
        const struct operation *operation = &operations[i];
        if (operation->outcome == OUTCOME_CONTENTS && operation->value > 0)
            operations[i].remaining_s = operations[operation->value - 1].exptime_s;
    }
    struct other other = {.operations = operations, .count = count};
    const struct file empty = {0};
    bool possible = goes_on(&other, &empty);
    struct history history = {.operations = operations, .count = count};
    bool fine = story_facts(&history) == 0;
    const struct search_limits limits = {.steps = STORY_STEPS, .early_us = STORY_EARLY_US};
    struct search_report report;
    enum search_verdict verdict = search_file(operations, count, &limits, &report);
    if (!possible != !(fine && verdict == SEARCH_POSSIBLE) || (!possible && !spoilt)) {
        for (size_t i = 0; i < count; i++)
            operation_print(&operations[i], stderr);
        ck_abort_msg("seed %llu: possible: %d, facts: %d, search: %d", (unsigned long long)seed, possible, fine,
                     (int)verdict);
    }
    verdicts[possible]++;
}

START_TEST(small_histories_are_judged_as_by_trying_everything)
{
    size_t verdicts[2] = {0};
    for (uint64_t seed = 1; seed <= HISTORIES; seed++)
        check_one(seed, verdicts);
    /* Neither verdict is rare. */
    ck_assert_uint_gt(verdicts[true], HISTORIES / 10);
    ck_assert_uint_gt(verdicts[false], HISTORIES / 10);
}
END_TEST

int main(void)
{
    TCase *stories = tcase_create("random");
    tcase_set_timeout(stories, 60);
    tcase_add_test(stories, small_histories_are_judged_as_by_trying_everything);
    Suite *suite = suite_create("torture/random");
    suite_add_tcase(suite, stories);
    return check_run(suite);
}
