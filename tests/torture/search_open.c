/* Setting up a search: who has a place, who is before whom, and in which order versions were given. */
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "base/random.h"
#include "torture/search_state.h"

/* A version that an item made, or had to be told of. */
struct sight {
    uint64_t version;
    uint32_t item;
};

static int compare_sights(const void *left, const void *right)
{
    const struct sight *a = left, *b = right;
    if (a->version != b->version)
        return a->version < b->version ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

static int compare_events(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->id % 2 != b->id % 2) /* of things at the same time, beginnings come first: so nothing follows from it */
        return a->id % 2 == 0 ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static int compare_connections(const void *left, const void *right)
{
    const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;
    if (a->operation->connection != b->operation->connection)
        return a->operation->connection < b->operation->connection ? -1 : 1;
    return (a > b) - (a < b);
}

static uint64_t version_needed(const struct operation *operation)
{
    if (operation->kind == OPERATION_CAS && operation->outcome == OUTCOME_OK)
        return operation->expected;
    return operation->outcome == OUTCOME_CONTENTS || operation->outcome == OUTCOME_MISMATCH ? operation->version : 0;
}

/* The order of the changes whose versions are known; and what was seen was done by then, whatever its own reply. */
static void rank_items(struct search *search)
{
    struct sight *made = memory_get((search->count + 1) * sizeof *made);
    size_t count = 0;
    for (uint32_t i = 0; i < search->count; i++)
        if (search->items[i].operation->made > 0)
            made[count++] = (struct sight){search->items[i].operation->made, i};
    qsort(made, count, sizeof *made, compare_sights);
    for (uint32_t i = 0; i < count; i++)
        search->items[made[i].item].rank = i;
    for (uint32_t i = 0; i < search->count; i++) {
        const struct sight needed = {version_needed(search->items[i].operation), 0};
        size_t low = 0, high = count;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (compare_sights(&made[middle], &needed) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == count || needed.version == 0 || made[low].version != needed.version)
            continue;
        struct item *maker = &search->items[made[low].item];
        if (maker->returned_us > search->items[i].operation->returned_us)
            maker->returned_us = search->items[i].operation->returned_us;
    }
    free(made);
}

static void link_connections(struct search *search)
{
    struct item **order = memory_get((search->count + 1) * sizeof *order);
    for (uint32_t i = 0; i < search->count; i++)
        order[i] = &search->items[i];
    qsort(order, search->count, sizeof *order, compare_connections);
    for (uint32_t i = 1; i < search->count; i++) {
        struct item *before = order[i - 1], *item = order[i];
        if (before->operation->connection != item->operation->connection)
            continue;
        before->next = (uint32_t)(item - search->items);
        if (operation_changes(item->operation))
            for (struct item *at = before; at && at->last; at = at->before == NONE ? NULL : &search->items[at->before])
                at->last = false;
        item->before = (uint32_t)(before - search->items);
        item->previous = is_answered(before) ? (uint32_t)(before - search->items) : before->previous;
    }
    free(order);
}

static void chain_events(struct search *search)
{
    uint32_t end = 2 * search->count, count = 0;
    struct event *order = memory_get((end + 1) * sizeof *order);
    for (uint32_t i = 0; i < search->count; i++) {
        const struct item *item = &search->items[i];
        order[count++] = (struct event){.at_us = item->operation->invoked_us, .id = 2 * i};
        if (must_happen(item))
            order[count++] = (struct event){.at_us = item->returned_us, .id = 2 * i + 1};
    }
    qsort(order, count, sizeof *order, compare_events);
    uint32_t before = end;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = order[i].id;
        search->events[id] = (struct event){order[i].at_us, id, before, end};
        search->events[before].after = id;
        before = id;
    }
    search->events[end].before = before;
    if (count == 0)
        search->events[end].after = end;
    free(order);
}

/* An operation that changed nothing for certain, or only looked and was not told, has no place. */
static bool has_place(const struct operation *operation)
{
    return operation->outcome != OUTCOME_REFUSED && (operation_changes(operation) || !operation_unknown(operation));
}

void search_open(struct search *search, const struct operation *operations, size_t count)
{
    ensure(count < NONE / 4);
    struct random random = {count};
    *search = (struct search){.state = {.writer = NONE}};
    search->items = memory_get((count + 1) * sizeof *search->items);
    for (size_t i = 0; i < count; i++) {
        if (!has_place(&operations[i]))
            continue;
        search->items[search->count++] = (struct item){
            .operation = &operations[i],
            .returned_us = operations[i].returned_us,
            .mark = {random_u64(&random), random_u64(&random)},
            .previous = NONE,
            .before = NONE,
            .next = NONE,
            .rank = NONE,
            .last = true,
        };
    }
    rank_items(search);
    link_connections(search);
    search->events = memory_get((2 * (size_t)search->count + 1) * sizeof *search->events);
    chain_events(search);
    search->steps = memory_get(((size_t)search->count + 1) * sizeof *search->steps);
    for (uint32_t i = 0; i < search->count; i++)
        search->left += must_happen(&search->items[i]);
}

void search_close(struct search *search)
{
    memo_close(&search->memo);
    free(search->steps);
    free(search->events);
    free(search->items);
}
