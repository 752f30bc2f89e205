#include "sim/hint.h"

#include <stdio.h>

#include "raft/raft.h"
#include "store/store.h"

static const char *broken(struct invariants *invariants, const char *format, uint64_t a, uint64_t b)
    __attribute__((format(printf, 2, 0)));

static const char *broken(struct invariants *invariants, const char *format, uint64_t a, uint64_t b)
{
    snprintf(invariants->reason, sizeof invariants->reason, format, (unsigned long long)a, (unsigned long long)b);
    return invariants->reason;
}

void hint_synced(struct invariants *invariants, uint32_t id, const struct disk_log *request)
{
    struct synced *synced = &invariants->watched[id - 1].synced;
    if (request->committed > synced->commit)
        synced->commit = request->committed;
}

const char *hint_recovered(struct invariants *invariants, uint32_t id, const struct disk_recovered *recovered)
{
    struct synced *synced = &invariants->watched[id - 1].synced;
    if (recovered->commit < synced->commit)
        return broken(invariants, "its log was told that %llu is committed, recovery knows of %llu", synced->commit,
                      recovered->commit);
    if (recovered->commit > invariants->shadow_count)
        return broken(invariants, "recovery takes %llu for committed, and nothing above %llu is", recovered->commit,
                      invariants->shadow_count);
    for (uint64_t i = 0; i < recovered->entry_count && recovered->entries[i].index <= recovered->commit; i++) {
        const struct raft_entry *entry = &recovered->entries[i];
        if (invariants->shadow[entry->index - 1].term != entry->term)
            return broken(invariants, "recovery takes entry %llu of term %llu for committed, which is another one",
                          entry->index, entry->term);
    }
    synced->commit = recovered->commit;
    return NULL;
}

const char *hint_started(struct invariants *invariants, const struct disk_recovered *recovered,
                         const struct node *node)
{
    uint64_t applied = store_applied(node_store(node));
    if (raft_commit(node_raft(node)) >= recovered->commit && applied >= recovered->commit)
        return NULL;
    return broken(invariants, "recovery knew that %llu is committed, and it started with %llu applied",
                  recovered->commit, applied);
}
