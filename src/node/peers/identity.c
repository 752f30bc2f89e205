#include "node/peers/identity.h"

#include <string.h>

#include "base/ensure.h"

void identity_init(struct identity *identity, const struct disk_recovered *recovered)
{
    ensure(recovered->life > 0 && recovered->processes[0] != 0); /* the disk counts this start before it hands it out */
    *identity = (struct identity){
        .directory = recovered->identity,
        .life = recovered->life,
        .start_term = recovered->term,
        .start_index = recovered->snapshot_index + recovered->entry_count,
    };
    memcpy(identity->processes, recovered->processes, sizeof identity->processes);
}

bool identity_votes(const struct identity *identity, const struct raft_configuration *configuration, uint32_t id)
{
    const struct raft_member *member = raft_configuration_member(configuration, id);
    return member && member->role == RAFT_VOTER && member->incarnation == identity->directory.incarnation;
}

void identity_adopt(struct identity *identity, const struct raft_configuration *configuration, uint32_t id)
{
    ensure(!identity_formed(identity) && !identity->due && !identity->busy);
    ensure(configuration->cluster_id != 0 && raft_configuration_member(configuration, id));
    identity->directory.configuration = *configuration;
    identity->due = true;
    identity->bootstrap_due = identity_votes(identity, configuration, id);
}

bool identity_next(struct identity *identity, uint64_t now_ms, struct disk_bulk *request)
{
    if (!identity->due || now_ms < identity->retry_ms)
        return false;
    ensure(identity_formed(identity) && !identity->busy);
    identity->due = false;
    identity->busy = true;
    request->kind = DISK_IDENTITY;
    request->configuration = identity->directory.configuration;
    return true;
}

bool identity_written(struct identity *identity, enum disk_status status, uint64_t retry_ms)
{
    ensure(identity->busy && !identity->due);
    identity->busy = false;
    if (status == DISK_FULL) {
        identity->due = true; /* nothing was promised yet: tried again with the next turn that has a bulk slot */
        identity->retry_ms = retry_ms;
        return false;
    }
    identity->directory.fresh = false;
    return true;
}
