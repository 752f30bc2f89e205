/* All that needs the bulk thread for long: own snapshots, one to a peer, one from the leader. */
#ifndef CLEAT_NODE_TRANSFER_TRANSFERS_H
#define CLEAT_NODE_TRANSFER_TRANSFERS_H

#include "node/transfer/bulk_slot.h"
#include "node/transfer/receive.h"
#include "node/transfer/send.h"
#include "node/transfer/snapshots.h"

struct transfers {
    struct bulk_slot bulk;
    struct snapshots snapshots;
    struct sending sending;
    struct receiving receiving;
};

void transfers_init(struct transfers *transfers, const struct env *env, const struct disk_recovered *recovered);
void transfers_close(struct transfers *transfers);

/* The bulk thread has, or will have, such work that what else is wanted of it may not come in time. */
bool transfers_long_work(const struct transfers *transfers);
/* True: REQUEST is for one of them, or for what is to be cut down. */
bool transfers_next(struct transfers *transfers, const struct env *env, const struct raft *raft, struct store *store,
                    struct disk_bulk *request);
/* What one of them has to say; its body is the caller's. To be asked after each event. */
bool transfers_take_message(struct transfers *transfers, struct transfer_message *message);
uint64_t transfers_deadline_ms(const struct transfers *transfers, const struct env *env, const struct store *store);

#endif
