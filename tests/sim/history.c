#include "sim/history.h"

#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"

uint64_t history_invoke(struct history *history, const struct operation *operation)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity > 0 ? history->capacity * 2 : 1024;
        history->operations = memory_resize(history->operations, history->capacity, sizeof *history->operations);
    }
    struct operation *added = &history->operations[history->count++];
    *added = *operation;
    added->outcome = RESULT_PENDING;
    added->returned_us = UINT64_MAX;
    return history->count;
}

struct operation *history_operation(const struct history *history, uint64_t id)
{
    ensure(id > 0 && id <= history->count);
    return &history->operations[id - 1];
}

void history_close(struct history *history)
{
    free(history->operations);
    *history = (struct history){0};
}
