#include "torture/plan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ASKED_MAX = 1500 };

static void renew(struct plan *plan, struct slot *slot)
{
    *slot = (struct slot){.file = plan->files++};
}

void plan_init(struct plan *plan, uint64_t seed)
{
    *plan = (struct plan){.random = {seed}};
    for (size_t i = 0; i < PLAN_SLOTS; i++)
        renew(plan, &plan->slots[i]);
}

/* True in PER_MILLE of 1000 cases. */
static bool chance(struct plan *plan, uint64_t per_mille)
{
    return random_between(&plan->random, 0, 999) < per_mille;
}

static enum operation_kind kind_of(struct plan *plan, bool mayfly)
{
    uint64_t roll = random_between(&plan->random, 0, 999);
    if (mayfly)
        return roll < 980 ? OPERATION_READ : roll < 988 ? OPERATION_WRITE : roll < 998 ? OPERATION_CAS
                                                                                       : OPERATION_DELETE;
    return roll < 250 ? OPERATION_READ : roll < 580 ? OPERATION_WRITE : roll < 900 ? OPERATION_CAS : OPERATION_DELETE;
}

void plan_next(struct plan *plan, struct operation *operation, bool reads)
{
    bool mayfly = chance(plan, 300);
    struct slot *slot = mayfly ? &plan->slots[PLAN_HOT + random_between(&plan->random, 0, PLAN_MAYFLIES - 1)]
                               : &plan->slots[random_between(&plan->random, 0, PLAN_HOT - 1)];
    if (slot->asked++ == ASKED_MAX)
        renew(plan, slot);
    *operation = (struct operation){.kind = OPERATION_READ, .file = slot->file};
    if (!reads)
        operation->kind = (uint8_t)kind_of(plan, mayfly);
    if (operation->kind == OPERATION_CAS)
        operation->expected = chance(plan, 150) ? 0 : slot->version;
    if (operation_writes(operation)) {
        operation->value = ++plan->values;
        operation->exptime_s = mayfly ? (uint32_t)random_between(&plan->random, 1, PLAN_EXPTIME_MAX_S)
                               : chance(plan, 20) ? 1 : 0;
    }
}

void plan_learn(struct plan *plan, const struct operation *operation)
{
    for (size_t i = 0; i < PLAN_SLOTS; i++) {
        struct slot *slot = &plan->slots[i];
        if (slot->file != operation->file)
            continue;
        bool gone = operation->outcome == OUTCOME_NOT_FOUND ||
                    (operation->outcome == OUTCOME_MISMATCH && operation->version == 0);
        if (gone)
            slot->version = 0;
        else if (operation->version > slot->version)
            slot->version = operation->version;
    }
}

/* --- values ----------------------------------------------------------------------------------------------------- */

size_t value_make(uint32_t value, char contents[VALUE_SIZE_MAX])
{
    struct random random = {value};
    size_t size = (size_t)snprintf(contents, VALUE_SIZE_MAX, "%" PRIu32 " ", value);
    size_t more = (size_t)random_between(&random, 0, 9) == 0 ? 400 : 40;
    for (more = (size_t)random_between(&random, 0, more); more > 0; more--)
        contents[size++] = (char)random_between(&random, 'a', 'z');
    return size;
}

uint32_t value_number(const void *contents, size_t size)
{
    char head[16] = "", whole[VALUE_SIZE_MAX];
    memcpy(head, contents, size < sizeof head - 1 ? size : sizeof head - 1);
    uint32_t value = (uint32_t)strtoul(head, NULL, 10);
    return value_make(value, whole) == size && memcmp(whole, contents, size) == 0 ? value : 0;
}
