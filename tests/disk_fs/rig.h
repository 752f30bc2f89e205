/* What the storage's tests share: a data directory on the disk in memory, and short words for what is done to it.
 * Include rig.c in the one file of a test program; it brings fs_memory.c along. */
#ifndef CLEAT_TESTS_DISK_RIG_H
#define CLEAT_TESTS_DISK_RIG_H

#include "disk/disk.h"
#include "disk/sector.h"
#include "disk_fs/fs_memory.h"

#define RIG_PREFIX "/m"
#define RIG_DIRECTORY RIG_PREFIX "/data"

enum { RIG_NODE = 3, RIG_SEGMENT_BYTES = 64 * 1024, RIG_RECORD_MAX = 8 * 1024, RIG_ENTRIES_MAX = 64 };

struct rig {
    struct fs_memory *memory;
    int machine;
    struct random *random;   /* for ids; owned */
    struct disk_options options;
    struct disk *disk;       /* NULL: not open */
    struct disk_recovered recovered;
    char reason[DISK_REASON_MAX];
    uint64_t term;           /* what was last handed to the disk */
    uint64_t index;
    uint64_t commit;         /* goes along with entries and marks */
};

void rig_init(struct rig *rig, uint64_t seed);
/* A rig on a copy of FROM's disk, not open. */
void rig_copy(struct rig *rig, const struct rig *from);
void rig_close(struct rig *rig);

enum disk_status rig_open(struct rig *rig);
/* A clean end. */
void rig_shut(struct rig *rig);
/* The process dies, or the power fails. */
void rig_crash(struct rig *rig, enum fs_memory_loss loss);

/* Term and vote; entries of SIZE bytes each at the end of the log, one batch, with content made from index and term;
 * the same from FIRST on. */
enum disk_status rig_vote(struct rig *rig, uint64_t term, uint32_t vote);
enum disk_status rig_append(struct rig *rig, size_t count, size_t size);
enum disk_status rig_append_from(struct rig *rig, uint64_t first, size_t count, size_t size);
enum disk_status rig_reset(struct rig *rig, uint64_t index, uint64_t term);
enum disk_status rig_mark(struct rig *rig);
/* Prepares a segment and hands it over. */
enum disk_status rig_spare(struct rig *rig);
enum disk_status rig_clean(struct rig *rig);
enum disk_status rig_identity(struct rig *rig);
/* A whole snapshot of BLOCKS blocks. */
enum disk_status rig_snapshot(struct rig *rig, uint64_t index, uint64_t term, size_t blocks);
enum disk_status rig_bulk(struct rig *rig, enum disk_bulk_kind kind, struct disk_bulk *request);

/* A payload's bytes are made from the entry's index and term. */
void rig_payload(uint64_t index, uint64_t term, uint8_t *bytes, size_t size);
bool rig_payload_fits(const struct raft_entry *entry);
struct raft_configuration rig_configuration(uint64_t cluster_id);
/* Reads the recovered snapshot to its end: how many blocks; -1: a bad one. */
int rig_load(struct rig *rig);
/* The path of the newest WAL segment that holds a record, and where its records end in its stream. */
const char *rig_tip(const struct rig *rig, uint64_t *end);
/* The stream of the segment at PATH; the caller closes it. Returns the segment's id. */
uint64_t rig_stream(const struct rig *rig, const char *path, struct sector_stream *stream);
/* Puts BYTES at OFFSET of the stream of the segment at PATH, and seals the sectors as if they had been written so. */
void rig_forge(const struct rig *rig, const char *path, uint64_t offset, const void *bytes, size_t size);
/* The path of the segment with that sequence. */
const char *rig_segment(uint64_t sequence);

#endif
