#include "base/random.h"
#include "torture/search_state.h"

/* --- the model -------------------------------------------------------------------------------------------------- */

/* There is a file, and VERSION is, or may be, its version. */
static bool has_version(const struct state *state, uint64_t version, struct state *after)
{
    if (state->writer == NONE || (state->version > 0 && state->version != version) ||
        (state->version == 0 && version < state->last))
        return false;
    after->version = version;
    after->last = version > after->last ? version : after->last;
    return true;
}

static void set_absent(struct state *after)
{
    after->writer = NONE;
    after->version = 0;
    after->last++;
}

/* There is no file, or its time is over now, and so it was before ITEM returned. */
static bool is_absent(const struct search *search, const struct item *item, struct state *after)
{
    if (search->state.writer == NONE)
        return true;
    const struct operation *writer = search->items[search->state.writer].operation;
    uint64_t over_us = writer->invoked_us + (uint64_t)writer->exptime_s * 1000000 - search->limits->early_us;
    if (writer->exptime_s == 0 || item->returned_us < over_us)
        return false;
    set_absent(after);
    after->gone_us = over_us > after->gone_us ? over_us : after->gone_us;
    return true;
}

static bool write_effect(const struct search *search, uint32_t id, struct state *after)
{
    uint64_t version = search->items[id].operation->made;
    if (version > 0 && version <= after->last)
        return false;
    after->last = version > 0 ? version : after->last + 1;
    after->version = version;
    after->writer = id;
    return true;
}

static bool looks(const struct search *search, const struct item *item, struct state *after)
{
    const struct operation *operation = item->operation;
    switch (operation->outcome) {
    case OUTCOME_CONTENTS:
        return search->state.writer != NONE &&
               search->items[search->state.writer].operation->value == operation->value &&
               has_version(&search->state, operation->version, after);
    case OUTCOME_MISMATCH:
        return operation->version != operation->expected &&
               (operation->version > 0 ? has_version(&search->state, operation->version, after)
                                       : is_absent(search, item, after));
    case OUTCOME_NOT_FOUND:
        return is_absent(search, item, after);
    default:
        return false;
    }
}

static bool changes(const struct search *search, uint32_t id, struct state *after)
{
    const struct item *item = &search->items[id];
    const struct operation *operation = item->operation;
    const struct state *state = &search->state;
    switch (operation->kind) {
    case OPERATION_WRITE:
        return !state->unused && write_effect(search, id, after);
    case OPERATION_CAS:
        return (operation->expected > 0 ? has_version(state, operation->expected, after)
                                        : is_absent(search, item, after)) &&
               write_effect(search, id, after);
    case OPERATION_DELETE:
        if (state->writer == NONE || (state->unused && !must_happen(item)))
            return false;
        set_absent(after);
        return true;
    default:
        return false;
    }
}

static enum effect apply(const struct search *search, uint32_t id, struct state *after)
{
    const struct item *item = &search->items[id];
    const struct state *state = &search->state;
    *after = *state;
    after->unused = false;
    if (item->returned_us < state->gone_us)
        return EFFECT_IMPOSSIBLE;
    if (item->operation->outcome == OUTCOME_OK || operation_unknown(item->operation)) {
        if (!changes(search, id, after))
            return EFFECT_IMPOSSIBLE;
        after->unused = !must_happen(item);
        return must_happen(item) ? EFFECT_CHANGE : EFFECT_GUESS;
    }
    if (!looks(search, item, after))
        return EFFECT_IMPOSSIBLE;
    return after->writer == state->writer && after->version == state->version ? EFFECT_LOOK : EFFECT_CHANGE;
}

/* --- order ------------------------------------------------------------------------------------------------------ */

/* True unless the order of its connection, or that of versions, has something else first. */
static bool is_next(const struct search *search, uint32_t id)
{
    const struct item *item = &search->items[id];
    if ((item->rank != NONE && item->rank != search->ranked) ||
        (item->previous != NONE && !search->items[item->previous].done))
        return false;
    /* What was never answered is too late when a later change of its connection is decided. */
    for (uint32_t next = item->next; !is_answered(item) && next != NONE; next = search->items[next].next) {
        if (search->items[next].done && operation_changes(search->items[next].operation))
            return false;
        if (is_answered(&search->items[next]) && !search->items[next].done)
            break;
    }
    return true;
}

/* Whether doing it makes it too late for others. */
static bool forecloses(const struct search *search, uint32_t id)
{
    if (!operation_changes(search->items[id].operation))
        return false;
    for (uint32_t before = search->items[id].before; before != NONE; before = search->items[before].before) {
        if (is_answered(&search->items[before]) && operation_changes(search->items[before].operation))
            return false;
        if (!is_answered(&search->items[before]) && !search->items[before].done)
            return true;
    }
    return false;
}

static void unchain(struct search *search, uint32_t id)
{
    const struct event *event = &search->events[id];
    search->events[event->before].after = event->after;
    search->events[event->after].before = event->before;
}

static void chain(struct search *search, uint32_t id)
{
    const struct event *event = &search->events[id];
    search->events[event->before].after = id;
    search->events[event->after].before = id;
}

static struct memo_key mix(const struct search *search)
{
    const struct state *state = &search->state;
    struct random low = {state->version * 0x9fb21c651e98df25u ^ state->last};
    low.state = random_u64(&low) ^ ((uint64_t)state->writer << 1 | state->unused);
    low.state = random_u64(&low) ^ state->gone_us;
    struct memo_key key = {search->done.low ^ random_u64(&low), search->done.high ^ random_u64(&low)};
    return key;
}

static void mark(struct search *search, const struct item *item)
{
    search->done.low ^= item->mark.low;
    search->done.high ^= item->mark.high;
}

static void do_item(struct search *search, uint32_t id, const struct state *after)
{
    struct item *item = &search->items[id];
    search->steps[++search->depth] = (struct step){
        .before = search->state, .item = id, .effect = EFFECT_LOOK, .event = NONE};
    search->state = *after;
    item->done = true;
    mark(search, item);
    unchain(search, 2 * id);
    if (must_happen(item)) {
        unchain(search, 2 * id + 1);
        search->left--;
    }
    search->ranked += item->rank != NONE;
}

static void undo_item(struct search *search)
{
    const struct step *step = &search->steps[search->depth--];
    struct item *item = &search->items[step->item];
    search->ranked -= item->rank != NONE;
    if (must_happen(item)) {
        search->left++;
        chain(search, 2 * step->item + 1);
    }
    chain(search, 2 * step->item);
    mark(search, item);
    item->done = false;
    search->state = step->before;
}

/* --- the search ------------------------------------------------------------------------------------------------- */

/* Whether another guess, sent earlier, comes to the same and is as good: nobody saw what they wrote, neither will ever
 * be too late, and it makes nothing too late. Then that one is tried first, and this one where both are needed. */
static bool has_twin(const struct search *search, uint32_t id)
{
    const struct item *item = &search->items[id];
    const struct operation *operation = item->operation;
    for (uint32_t event = search->events[2 * search->count].after; item->last && event != 2 * id;
         event = search->events[event].after) {
        const struct item *other = &search->items[event / 2];
        if (!must_happen(other) && other->last && other->operation->kind == operation->kind &&
            other->operation->expected == operation->expected &&
            other->operation->exptime_s == 0 && operation->exptime_s == 0 && is_next(search, event / 2) &&
            !forecloses(search, event / 2))
            return true;
    }
    return false;
}

/* The next item worth trying here: those that leave the file as it is, then changes, then guesses; NONE: no more. */
static uint32_t next_candidate(struct search *search, struct state *after)
{
    struct step *here = &search->steps[search->depth];
    uint32_t end = 2 * search->count;
    if (here->only)
        return NONE;
    for (; here->effect <= EFFECT_GUESS; here->effect++, here->event = NONE) {
        uint32_t event = here->event == NONE ? search->events[end].after : search->events[here->event].after;
        for (; event != end && event % 2 == 0; event = search->events[event].after) {
            if (!is_next(search, event / 2) || apply(search, event / 2, after) != here->effect ||
                (here->effect == EFFECT_GUESS && has_twin(search, event / 2)))
                continue;
            here->event = event;
            here->only = here->effect == EFFECT_LOOK && !forecloses(search, event / 2);
            return event / 2;
        }
    }
    return NONE;
}

/* Nothing fits here. If no attempt came further, this is what to tell. */
static void tell(struct search *search)
{
    struct search_report *report = search->report;
    size_t placed = report->required - search->left;
    if (report->blocked && placed <= report->placed)
        return;
    uint32_t event = search->events[2 * search->count].after;
    while (event % 2 == 0 && event != 2 * search->count)
        event = search->events[event].after;
    report->placed = placed;
    report->blocked = event == 2 * search->count ? NULL : search->items[event / 2].operation;
    report->writer = search->state.writer == NONE ? NULL : search->items[search->state.writer].operation;
    report->version = search->state.version;
}

static enum search_verdict run(struct search *search)
{
    search->steps[0] = (struct step){.effect = EFFECT_LOOK, .event = NONE};
    while (search->left > 0) {
        struct state after;
        uint32_t id = next_candidate(search, &after);
        if (id == NONE) {
            tell(search);
            if (search->depth == 0)
                return SEARCH_IMPOSSIBLE;
            undo_item(search);
            continue;
        }
        if (search->report->steps++ == search->limits->steps)
            return SEARCH_UNDECIDED;
        do_item(search, id, &after);
        if (!memo_add(&search->memo, mix(search)))
            undo_item(search);
    }
    search->report->placed = search->report->required;
    search->report->blocked = NULL;
    return SEARCH_POSSIBLE;
}

enum search_verdict search_file(const struct operation *operations, size_t count, const struct search_limits *limits,
                                struct search_report *report)
{
    struct search search;
    search_open(&search, operations, count);
    search.limits = limits;
    search.report = report;
    *report = (struct search_report){.required = search.left};
    enum search_verdict verdict = run(&search);
    search_close(&search);
    return verdict;
}
