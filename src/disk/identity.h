/* Who a data directory is, in one block (block.h):
 *
 *      u32 node id, u64 incarnation, u32 size, and as many bytes: the cluster's configuration; size 0: not formed yet
 *
 * Written anew as a whole under a temporary name, synced and renamed. */
#ifndef CLEAT_DISK_IDENTITY_H
#define CLEAT_DISK_IDENTITY_H

#include "disk/directory.h"
#include "disk/disk.h"

/* Writes identity->node_id, incarnation and configuration. DISK_FULL leaves the old file. */
enum disk_status identity_write(const struct directory *directory, const struct disk_identity *identity, char *reason);
/* Reads the file and checks that it is NODE_ID's. */
enum disk_status identity_load(const struct directory *directory, uint32_t node_id, struct disk_identity *identity,
                               char *reason);

#endif
