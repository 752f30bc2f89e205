/* A snapshot file: the store's state at one index, as a sequence of blocks that are opaque here.
 *
 *      0      a block (block.h): u64 cluster id, u64 snapshot id (random), u64 index, u64 term, u32 size, configuration
 *      4096   parts, back to back:
 *             0   u32  size of the content
 *             4   u32  kind: 1 DATA, 2 END
 *             8   u64  checksum of the content, seeded with size, kind, the snapshot's id and this part's offset
 *             16  content. DATA: a block of the state. END: u64 count, u64 bytes of the DATA parts, u64 hash over
 *                 their checksums. Nothing follows END
 *
 * Nothing in it is of one node alone: a copy of the bytes is the same snapshot on every node of the cluster. */
#ifndef CLEAT_DISK_SNAPSHOT_H
#define CLEAT_DISK_SNAPSHOT_H

#include "disk/disk.h"
#include "disk/pace.h"

/* What the header says. */
struct snapshot {
    uint64_t cluster_id;
    uint64_t id;
    uint64_t index;
    uint64_t term;
    struct raft_configuration configuration;
};

/* The running sum of the DATA parts. */
struct snapshot_sum {
    uint64_t count;
    uint64_t bytes;
    uint64_t hash;
};

struct snapshot_writer {
    int file; /* < 0: none is being written */
    char path[DISK_PATH_MAX];
    struct snapshot snapshot;
    uint64_t offset;
    struct pace pace;
    struct snapshot_sum sum;
};

struct snapshot_reader {
    int file; /* < 0: none is open */
    char path[DISK_PATH_MAX];
    struct snapshot snapshot;
    uint64_t file_bytes;
    uint64_t offset;
    struct snapshot_sum sum;
    uint32_t block_max_bytes;
    struct buffer block;
};

/* Makes the file at PATH and writes the header; snapshot->index and term are those of the last entry in it. */
enum disk_status snapshot_begin(struct snapshot_writer *writer, const char *path, const struct snapshot *snapshot,
                                char *reason);
enum disk_status snapshot_block(struct snapshot_writer *writer, const uint8_t *bytes, size_t size, char *reason);
/* Writes the END and syncs. */
enum disk_status snapshot_end(struct snapshot_writer *writer, char *reason);
/* Closes the file; it stays as it is. */
void snapshot_writer_close(struct snapshot_writer *writer);

/* DISK_REFUSED: damaged, or of a newer format (*NEWER). BLOCK_MAX_BYTES: larger parts are damage. */
enum disk_status snapshot_open(struct snapshot_reader *reader, const char *path, uint32_t block_max_bytes,
                               bool *newer, char *reason);
/* The next block, borrowed until the next call; *END: there was none left, and the file is whole. */
enum disk_status snapshot_next(struct snapshot_reader *reader, const uint8_t **bytes, size_t *size, bool *end,
                               char *reason);
void snapshot_reader_close(struct snapshot_reader *reader);
/* Reads the whole file. *SNAPSHOT is what its header says, *BYTES its size. */
enum disk_status snapshot_verify(const char *path, uint32_t block_max_bytes, struct snapshot *snapshot, uint64_t *bytes,
                                 bool *newer, char *reason);

#endif
