#include "sim/invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "base/memory.h"
#include "raft/raft.h"
#include "sim/hint.h"
#include "sim/oracle_feed.h"

enum {
    TERMS_MAX = 1000000,
    LINK_BYTES_MAX = 96 * 1024 * 1024,    /* waiting for one peer */
    UNWRITTEN_BYTES_MAX = 96 * 1024 * 1024,
    SECTOR_ENTRIES = 16,                  /* that one sector of a WAL may hold, at most */
};

static const char *broken(struct invariants *invariants, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *broken(struct invariants *invariants, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(invariants->reason, sizeof invariants->reason, format, arguments);
    va_end(arguments);
    return invariants->reason;
}

void invariants_init(struct invariants *invariants, uint32_t nodes, uint64_t clock_slack_ms)
{
    *invariants = (struct invariants){.nodes = nodes, .clock_slack_ms = clock_slack_ms};
}

void invariants_close(struct invariants *invariants)
{
    free(invariants->shadow);
    free(invariants->leaders);
    for (int i = 0; i < SIM_NODES_MAX; i++)
        free(invariants->watched[i].synced.terms);
}

/* --- what is durable -------------------------------------------------------------------------------------------- */

/* Drops what is known from INDEX on. */
static void synced_cut(struct synced *synced, uint64_t index)
{
    if (index <= synced->base + synced->count)
        synced->count = index - synced->base - 1;
}

static void synced_add(struct synced *synced, uint64_t index, uint64_t term)
{
    if (index <= synced->base)
        return; /* a snapshot that came in meanwhile has it, and more */
    synced_cut(synced, index);
    if (index != synced->base + synced->count + 1) {
        synced->base = index - 1; /* what was before is covered by a snapshot */
        synced->count = 0;
    }
    if (synced->count == synced->capacity) {
        synced->capacity = synced->capacity > 0 ? synced->capacity * 2 : 256;
        synced->terms = memory_resize(synced->terms, synced->capacity, sizeof *synced->terms);
    }
    synced->terms[synced->count++] = term;
}

static bool synced_has(const struct synced *synced, uint64_t index, uint64_t term)
{
    if (index <= synced->base)
        return true;
    return index <= synced->base + synced->count && synced->terms[index - synced->base - 1] == term;
}

/* The first index that REQUEST may take from the log; UINT64_MAX: none. */
static uint64_t request_cuts(const struct disk_log *request)
{
    if (request->reset)
        return request->reset_index + 1;
    return request->entry_count > 0 ? request->entries[0].index : UINT64_MAX;
}

/* True if REQUEST brings the entry at INDEX with TERM. */
static bool request_has(const struct disk_log *request, uint64_t index, uint64_t term)
{
    if (request->entry_count == 0 || index < request->entries[0].index)
        return false;
    uint64_t place = index - request->entries[0].index;
    return place < request->entry_count && request->entries[place].term == term;
}

/* A node that was away may still follow an older leader, and give up what was committed without it. */
const char *invariants_log_begins(struct invariants *invariants, uint32_t id, const struct disk_log *request)
{
    const struct watched *watched = &invariants->watched[id - 1];
    struct synced *synced = &invariants->watched[id - 1].synced;
    uint64_t cut = request_cuts(request);
    for (uint64_t i = cut > synced->base ? cut - synced->base - 1 : 0; i < synced->count; i++) {
        uint64_t index = synced->base + 1 + i, term = synced->terms[i];
        if (index > invariants->shadow_count)
            break;
        const struct shadow_entry *shadow = &invariants->shadow[index - 1];
        bool took_part = watched->commit >= index || synced->term >= shadow->seen_term;
        if (took_part && shadow->term == term && !request_has(request, index, term))
            return broken(invariants, "its log gives up entry %llu of term %llu, which is committed",
                          (unsigned long long)index, (unsigned long long)term);
    }
    synced->term_coming = request->write_vote ? request->term : 0;
    if (request->reset)
        synced_cut(synced, request->reset_index + 1);
    if (request->entry_count > 0 && request->entries[0].index > synced->base)
        synced_cut(synced, request->entries[0].index);
    return NULL;
}

void invariants_log_synced(struct invariants *invariants, uint32_t id, const struct disk_log *request)
{
    struct synced *synced = &invariants->watched[id - 1].synced;
    if (request->write_vote) {
        synced->term = request->term;
        synced->vote = request->vote;
    }
    if (request->reset) {
        synced->base = request->reset_index;
        synced->count = 0;
    }
    for (size_t i = 0; i < request->entry_count; i++)
        synced_add(synced, request->entries[i].index, request->entries[i].term);
    if (request->entry_count > 0)
        synced->batch_first = request->entries[0].index;
    synced->term_coming = 0;
    hint_synced(invariants, id, request);
}

void invariants_snapshot_received(struct invariants *invariants, uint32_t id, uint64_t index, uint64_t term)
{
    struct synced *synced = &invariants->watched[id - 1].synced;
    bool beyond = index > synced->base + synced->count;
    if (beyond || !synced_has(synced, index, term)) { /* figure 13 of the paper: another log than this is dropped */
        synced->base = index;
        synced->count = 0;
    }
}

void invariants_wiped(struct invariants *invariants, uint32_t id)
{
    struct watched *watched = &invariants->watched[id - 1];
    free(watched->synced.terms);
    *watched = (struct watched){.wiped = true, .synced.never_votes = true};
}

void invariants_diverged(struct invariants *invariants, uint32_t id)
{
    invariants->watched[id - 1].diverged = true;
}

bool invariants_loss_is_tail(const struct invariants *invariants, uint32_t id, const struct disk_recovered *recovered)
{
    const struct synced *synced = &invariants->watched[id - 1].synced;
    uint64_t last = recovered->snapshot_index + recovered->entry_count;
    uint64_t first = synced->batch_first;
    uint64_t end = synced->base + synced->count + 1;
    if (first > 0)
        first = end > first + SECTOR_ENTRIES ? first : end > SECTOR_ENTRIES ? end - SECTOR_ENTRIES : 1;
    return recovered->term >= synced->term && first > 0 && last + 1 >= first;
}

static const char *check_recovered_log(struct invariants *invariants, const struct synced *synced,
                                       const struct disk_recovered *recovered)
{
    uint64_t first = recovered->snapshot_index + 1;
    if (synced->base >= first + recovered->entry_count)
        return broken(invariants, "the synced log reached %llu, recovery ends at %llu",
                      (unsigned long long)synced->base, (unsigned long long)(first + recovered->entry_count - 1));
    for (uint64_t i = 0; i < synced->count; i++) {
        uint64_t index = synced->base + 1 + i;
        if (index < first)
            continue;
        if (index - first >= recovered->entry_count)
            return broken(invariants, "entry %llu of term %llu was synced, recovery ends at %llu",
                          (unsigned long long)index, (unsigned long long)synced->terms[i],
                          (unsigned long long)(first + recovered->entry_count - 1));
        if (recovered->entries[index - first].term != synced->terms[i])
            return broken(invariants, "entry %llu was synced with term %llu, recovery found term %llu",
                          (unsigned long long)index, (unsigned long long)synced->terms[i],
                          (unsigned long long)recovered->entries[index - first].term);
    }
    return NULL;
}

/* Terms never fall along a log; where they do, the entries behind a snapshot are another log's. */
static const char *check_recovered_terms(struct invariants *invariants, const struct disk_recovered *recovered)
{
    uint64_t term = recovered->snapshot_term;
    for (uint64_t i = 0; i < recovered->entry_count; i++) {
        if (recovered->entries[i].term < term)
            return broken(invariants, "recovery found entry %llu of term %llu behind one of term %llu",
                          (unsigned long long)recovered->entries[i].index,
                          (unsigned long long)recovered->entries[i].term, (unsigned long long)term);
        term = recovered->entries[i].term;
    }
    return NULL;
}

/* What was written but not synced before the end may be there: then it counts from now on. */
const char *invariants_recovered(struct invariants *invariants, uint32_t id, const struct disk_recovered *recovered)
{
    struct watched *watched = &invariants->watched[id - 1];
    struct synced *synced = &watched->synced;
    if (recovered->term < synced->term)
        return broken(invariants, "term %llu was synced, recovery found %llu", (unsigned long long)synced->term,
                      (unsigned long long)recovered->term);
    if (recovered->term == synced->term && synced->vote != 0 && recovered->vote != synced->vote)
        return broken(invariants, "the vote for %u in term %llu was synced, recovery found %u", synced->vote,
                      (unsigned long long)synced->term, recovered->vote);
    const char *lost = check_recovered_log(invariants, synced, recovered);
    if (!lost)
        lost = check_recovered_terms(invariants, recovered);
    if (!lost)
        lost = hint_recovered(invariants, id, recovered);
    if (lost)
        return lost;
    synced->term = recovered->term;
    synced->term_coming = 0;
    synced->vote = recovered->vote;
    synced->base = recovered->snapshot_index;
    synced->count = 0;
    for (uint64_t i = 0; i < recovered->entry_count; i++)
        synced_add(synced, recovered->entries[i].index, recovered->entries[i].term);
    watched->term = recovered->term;
    watched->fed = 0;
    watched->commit = 0;
    watched->applied = 0;
    watched->diverged = false;
    watched->led_term = 0;
    return NULL;
}

/* --- the shadow log --------------------------------------------------------------------------------------------- */

static uint64_t entry_hash(const struct raft_entry *entry)
{
    uint64_t hash = entry->time_ms * 31 + entry->type;
    return entry->payload ? hash_bytes(entry->payload->bytes, entry->payload->size, hash) : hash;
}

/* Machines on which the entry is durable. One that was wiped had it, for all that is known. */
static uint32_t durable_on(const struct invariants *invariants, uint64_t index, uint64_t term)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < invariants->nodes; i++)
        count += invariants->watched[i].wiped || synced_has(&invariants->watched[i].synced, index, term);
    return count;
}

static const char *commit_first(struct invariants *invariants, const struct raft_entry *entry, uint64_t seen_term)
{
    if (invariants->shadow_count == invariants->shadow_capacity) {
        invariants->shadow_capacity = invariants->shadow_capacity > 0 ? invariants->shadow_capacity * 2 : 1024;
        invariants->shadow =
            memory_resize(invariants->shadow, invariants->shadow_capacity, sizeof *invariants->shadow);
    }
    invariants->shadow[invariants->shadow_count++] =
        (struct shadow_entry){.term = entry->term, .hash = entry_hash(entry), .seen_term = seen_term};
    oracle_apply(invariants->oracle, entry);
    /* Entry 1 is committed by definition when the cluster forms. */
    uint32_t copies = durable_on(invariants, entry->index, entry->term);
    if (entry->index > 1 && copies <= invariants->nodes / 2)
        return broken(invariants, "entry %llu of term %llu is committed, but durable on %u only",
                      (unsigned long long)entry->index, (unsigned long long)entry->term, copies);
    return NULL;
}

static const char *check_committed(struct invariants *invariants, const struct raft *raft, uint64_t from, uint64_t to)
{
    uint64_t first = raft_first_index(raft);
    for (uint64_t index = from < first ? first : from; index <= to; index++) {
        const struct raft_entry *entry = raft_entry(raft, index);
        if (index == invariants->shadow_count + 1) {
            const char *wrong = commit_first(invariants, entry, raft_term(raft));
            if (wrong)
                return wrong;
            continue;
        }
        if (index > invariants->shadow_count)
            return broken(invariants, "committed up to %llu while %llu is the last that was ever committed",
                          (unsigned long long)index, (unsigned long long)invariants->shadow_count);
        const struct shadow_entry *shadow = &invariants->shadow[index - 1];
        if (shadow->term != entry->term || shadow->hash != entry_hash(entry))
            return broken(invariants, "committed another entry %llu (term %llu) than was committed before (term %llu)",
                          (unsigned long long)index, (unsigned long long)entry->term, (unsigned long long)shadow->term);
    }
    return NULL;
}

static const char *check_state(struct invariants *invariants, const struct store *store, bool *diverged)
{
    uint64_t applied = store_applied(store);
    if (applied == 0)
        return NULL;
    if (applied > invariants->shadow_count)
        return broken(invariants, "applied %llu, which was never committed", (unsigned long long)applied);
    struct shadow_entry *shadow = &invariants->shadow[applied - 1];
    if (*diverged) {
        *diverged = shadow->state_hash != store_hash(store); /* a snapshot from another node mends it */
        return NULL;
    }
    if (shadow->state_hash != 0 && shadow->state_hash != store_hash(store))
        return broken(invariants, "its state at %llu differs from another node's", (unsigned long long)applied);
    shadow->state_hash = store_hash(store);
    return NULL;
}

static const char *check_feed(struct invariants *invariants, struct watched *watched, const struct node *node)
{
    const char *wrong = oracle_compare_feed(invariants->oracle, node_feed(node), store_revision(node_store(node)),
                                            &watched->fed);
    return wrong ? broken(invariants, "%s", wrong) : NULL;
}

/* --- after a turn ----------------------------------------------------------------------------------------------- */

/* Figure 3 of the paper, leader completeness: whoever is elected has all that was committed in earlier terms. */
static const char *check_complete(struct invariants *invariants, uint64_t term, const struct raft *raft)
{
    uint64_t first = raft_first_index(raft);
    for (uint64_t index = invariants->shadow_count; index >= first && index > 0; index--) {
        const struct shadow_entry *shadow = &invariants->shadow[index - 1];
        if (shadow->seen_term >= term)
            continue; /* it may have been committed later */
        if (index > raft_last_index(raft) || raft_term_at(raft, index) != shadow->term)
            return broken(invariants, "is elected in term %llu without entry %llu, which is committed",
                          (unsigned long long)term, (unsigned long long)index);
    }
    return NULL;
}

/* 5.2 of the paper: a majority voted for it, and their votes are durable. Who has gone on to a newer term may have. */
static const char *check_elected(struct invariants *invariants, uint32_t id, uint64_t term)
{
    uint32_t votes = 0;
    for (uint32_t i = 0; i < invariants->nodes; i++) {
        const struct watched *voter = &invariants->watched[i];
        votes += voter->wiped || voter->synced.term > term || (voter->synced.term == term && voter->synced.vote == id);
    }
    if (votes <= invariants->nodes / 2)
        return broken(invariants, "leads term %llu with %u votes", (unsigned long long)term, votes);
    return NULL;
}

static const char *check_leader(struct invariants *invariants, uint32_t id, const struct raft *raft)
{
    uint64_t term = raft_term(raft);
    if (term >= TERMS_MAX)
        return broken(invariants, "term %llu is absurd", (unsigned long long)term);
    if (term >= invariants->leaders_count) {
        uint64_t count = term * 2 + 64;
        invariants->leaders = memory_resize(invariants->leaders, count, sizeof *invariants->leaders);
        memset(invariants->leaders + invariants->leaders_count, 0,
               (count - invariants->leaders_count) * sizeof *invariants->leaders);
        invariants->leaders_count = count;
    }
    if (raft_role(raft) != RAFT_LEADER)
        return NULL;
    if (!raft_is_voter(raft))
        return broken(invariants, "leads term %llu without being a voter", (unsigned long long)term);
    if (invariants->leaders[term] == id)
        return NULL;
    if (invariants->leaders[term] == 0)
        invariants->elections++;
    else if (invariants->leaders[term] != id)
        return broken(invariants, "leads term %llu, which n%u led", (unsigned long long)term,
                      invariants->leaders[term]);
    invariants->leaders[term] = id;
    const char *wrong = check_elected(invariants, id, term);
    return wrong ? wrong : check_complete(invariants, term, raft);
}

static const char *check_monotone(struct invariants *invariants, struct watched *watched, const struct node *node)
{
    const struct raft *raft = node_raft(node);
    uint64_t term = raft_term(raft), commit = raft_commit(raft), applied = store_applied(node_store(node));
    if (term < watched->term || commit < watched->commit || applied < watched->applied)
        return broken(invariants, "went back: term %llu to %llu, commit %llu to %llu, applied %llu to %llu",
                      (unsigned long long)watched->term, (unsigned long long)term,
                      (unsigned long long)watched->commit, (unsigned long long)commit,
                      (unsigned long long)watched->applied, (unsigned long long)applied);
    if (applied > commit)
        return broken(invariants, "applied %llu, committed %llu", (unsigned long long)applied,
                      (unsigned long long)commit);
    if (commit > raft_last_index(raft))
        return broken(invariants, "committed %llu, but the log ends at %llu", (unsigned long long)commit,
                      (unsigned long long)raft_last_index(raft));
    return NULL;
}

/* 5.4.2 of the paper, and its figure 8. */
static const char *check_counting(struct invariants *invariants, const struct watched *watched,
                                  const struct raft *raft)
{
    uint64_t term = raft_term(raft), commit = raft_commit(raft);
    if (watched->led_term != term || commit == watched->commit || commit <= invariants->shadow_count)
        return NULL; /* a snapshot on its way may still say what earlier leaders had committed */
    if (raft_term_at(raft, commit) != term)
        return broken(invariants, "leads term %llu and counted copies of entry %llu, which is of term %llu",
                      (unsigned long long)term, (unsigned long long)commit,
                      (unsigned long long)raft_term_at(raft, commit));
    return NULL;
}

static void begin_leading(struct watched *watched, const struct raft *raft)
{
    if (watched->led_term == raft_term(raft))
        return;
    watched->led_term = raft_term(raft);
    watched->led_clock_ms = 0;
    watched->led_last = raft_last_index(raft);
    memset(watched->led_match, 0, sizeof watched->led_match);
}

/* What the leader knows of the other logs. A wiped node's log is not asked for: it counts for nothing. And who has gone
 * on to a newer term may have dropped what it acknowledged: the leader is none any more. */
static const char *check_matches(struct invariants *invariants, struct watched *watched, const struct raft *raft)
{
    for (uint32_t i = 0; i < invariants->nodes; i++) {
        const struct watched *other = &invariants->watched[i];
        struct raft_peer_view view;
        if (!raft_peer(raft, i + 1, &view) || other->wiped)
            continue;
        if (view.match < watched->led_match[i])
            return broken(invariants, "knew that n%u has entries up to %llu, and now only up to %llu", i + 1,
                          (unsigned long long)watched->led_match[i], (unsigned long long)view.match);
        bool news = view.match != watched->led_match[i];
        watched->led_match[i] = view.match;
        bool gone_on = other->synced.term > raft_term(raft) || other->synced.term_coming > raft_term(raft);
        if (news && !gone_on && view.match > 0 && view.match >= raft_first_index(raft) &&
            !synced_has(&other->synced, view.match, raft_term_at(raft, view.match)))
            return broken(invariants, "believes that n%u has entry %llu of term %llu on its disk", i + 1,
                          (unsigned long long)view.match, (unsigned long long)raft_term_at(raft, view.match));
    }
    return NULL;
}

/* Cluster time in a leader's log goes on as its clock does. */
static const char *check_time(struct invariants *invariants, struct watched *watched, const struct raft *raft,
                              uint64_t clock_ms)
{
    uint64_t last = raft_last_index(raft);
    if (last == watched->led_last || last < raft_first_index(raft) || raft_term_at(raft, last) != raft_term(raft))
        return NULL;
    watched->led_last = last;
    uint64_t time_ms = raft_entry(raft, last)->time_ms;
    if (watched->led_clock_ms == 0) {
        watched->led_clock_ms = clock_ms;
        watched->led_time_ms = time_ms;
    }
    if (time_ms - watched->led_time_ms + invariants->clock_slack_ms < clock_ms - watched->led_clock_ms)
        return broken(invariants, "counted %llu ms since it leads, and cluster time in its log %llu ms",
                      (unsigned long long)(clock_ms - watched->led_clock_ms),
                      (unsigned long long)(time_ms - watched->led_time_ms));
    return NULL;
}

static const char *check_leading(struct invariants *invariants, struct watched *watched, const struct raft *raft,
                                 uint64_t clock_ms)
{
    if (raft_role(raft) != RAFT_LEADER)
        return NULL;
    const char *wrong = check_counting(invariants, watched, raft);
    begin_leading(watched, raft);
    if (!wrong)
        wrong = check_matches(invariants, watched, raft);
    return wrong ? wrong : check_time(invariants, watched, raft, clock_ms);
}

static const char *check_bounds(struct invariants *invariants, struct node *node)
{
    if (raft_unwritten_bytes(node_raft(node)) > UNWRITTEN_BYTES_MAX)
        return broken(invariants, "%llu bytes of log are not written",
                      (unsigned long long)raft_unwritten_bytes(node_raft(node)));
    struct node_link *link;
    for (size_t i = 0; (link = node_link_at(node, i)) != NULL; i++)
        if (node_link_output_bytes(link) > LINK_BYTES_MAX)
            return broken(invariants, "%zu bytes wait for one peer", node_link_output_bytes(link));
    return NULL;
}

const char *invariants_turn(struct invariants *invariants, uint32_t id, struct node *node, uint64_t clock_ms)
{
    struct watched *watched = &invariants->watched[id - 1];
    const struct raft *raft = node_raft(node);
    const char *wrong = check_monotone(invariants, watched, node);
    if (!wrong)
        wrong = check_leader(invariants, id, raft);
    if (!wrong)
        wrong = check_leading(invariants, watched, raft, clock_ms);
    if (!wrong)
        wrong = check_committed(invariants, raft, watched->commit + 1, raft_commit(raft));
    if (!wrong && store_applied(node_store(node)) != watched->applied)
        wrong = check_state(invariants, node_store(node), &watched->diverged);
    if (!wrong && store_applied(node_store(node)) != watched->applied)
        wrong = check_feed(invariants, watched, node);
    if (!wrong)
        wrong = check_bounds(invariants, node);
    watched->term = raft_term(raft);
    watched->commit = raft_commit(raft);
    watched->applied = store_applied(node_store(node));
    return wrong;
}
