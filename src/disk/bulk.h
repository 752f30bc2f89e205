/* The bulk thread's side of the data directory: making segments, the identity, snapshots in and out, deleting. */
#ifndef CLEAT_DISK_BULK_H
#define CLEAT_DISK_BULK_H

#include <stdatomic.h>

#include "disk/archive.h"
#include "disk/directory.h"
#include "disk/disk.h"
#include "disk/pace.h"
#include "disk/recycled.h"
#include "disk/removals.h"
#include "disk/reserve.h"
#include "disk/segments.h"
#include "disk/snapshot.h"

struct bulk {
    const struct directory *directory;
    struct segments *segments;
    struct disk_options options;
    struct disk_identity identity;
    uint64_t next_sequence;
    uint32_t block_max_bytes;
    struct archive archive;
    struct removals removals;     /* files that are cut down */
    struct reserve reserve;
    struct recycled recycled;     /* segments to be used again; they count in wal_bytes */
    struct snapshot_writer own;   /* this node's snapshot, being written */
    int received;                 /* the leader's snapshot, coming in; < 0: none */
    uint64_t received_bytes;
    struct pace received_pace;
    int sent;                     /* the snapshot being sent; < 0: none */
    uint64_t sent_bytes;
    uint64_t sent_index;
    struct snapshot_reader load;

    /* For `status`, read by any thread. */
    _Atomic uint64_t wal_bytes;
    _Atomic uint64_t snapshot_bytes;
    _Atomic uint64_t snapshot_index;
};

void bulk_init(struct bulk *bulk, const struct directory *directory, struct segments *segments,
               const struct disk_options *options);
void bulk_close(struct bulk *bulk);
enum disk_status bulk_execute(struct bulk *bulk, struct disk_bulk *request, char *reason);
/* Puts what `archive` holds into the sizes. */
void bulk_publish(struct bulk *bulk);

#endif
