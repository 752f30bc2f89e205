/* A node's data directory, and the two kinds of work on it.
 *
 *      DIR/lock              locked while a node runs on it, as are DIR itself and DIR/vote (directory.h)
 *      DIR/identity          who this is: format, node id, incarnation, and once formed the cluster's configuration
 *      DIR/vote              term and vote, twice
 *      DIR/wal-<16 hex>      log segments, by ascending sequence
 *      DIR/snapshot-<16 hex index>-<16 hex term>
 *      DIR/reserve-1, -2     room that is set aside for starts
 *      DIR/....tmp           with one of these names at the beginning: unfinished, or a segment that waits to be used
 *                            again; removed on opening
 *
 * disk_open recovers (blocking, before the loop runs). Afterwards the node hands out requests, two at a time at most:
 * one `disk_log` request, executed by the WAL thread, and one `disk_bulk` request, executed by the bulk thread. Neither
 * thread touches the node's memory but for the request itself, nor what the other does, with two exceptions: which
 * segments hold the log is known to both, under a lock (segments.h; the bulk thread removes those that are not needed
 * any longer), and a few figures are atomic. */
#ifndef CLEAT_DISK_DISK_H
#define CLEAT_DISK_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "raft/configuration.h"
#include "raft/message.h"
#include "raft/raft.h"

enum {
    DISK_PATH_MAX = 512,
    DISK_REASON_MAX = 512, DISK_LIVES_MAX = RAFT_LIVES_MAX,
    DISK_REMOVAL_BYTES = 8 * 1024 * 1024, /* by which a file that is to go is cut down at a time */
};

/* What mends a directory of which something is damaged or gone. */
#define DISK_MEND \
    "if a majority of the cluster is well without it, wipe the data directory: the node comes back with a copy, as a " \
    "learner"

struct disk_options {
    const char *directory;
    uint32_t node_id;
    uint32_t segment_bytes;  /* of one WAL segment, all written and synced before use; >= 64 KiB, a multiple of 4096 */
    uint32_t record_max_bytes; /* largest payload of an entry: a segment holds at least two records of it */
    uint32_t removal_bytes;  /* 0: DISK_REMOVAL_BYTES */
    uint64_t (*random)(void *); /* for ids: called in disk_open and by the bulk thread, never by both at once */
    void *random_context;
};

struct disk;

/* Who this data directory is. */
struct disk_identity {
    uint32_t node_id;
    uint64_t incarnation;    /* random, from when the directory was made; never 0 */
    bool fresh;              /* no log, no vote, no snapshot, no cluster: the directory is empty */
    struct raft_configuration configuration; /* count 0: not formed yet */
};

/* What recovery found. */
struct disk_recovered {
    struct disk_identity identity;
    uint64_t term;
    uint32_t vote;
    uint64_t life;           /* how often a node has started here, this time included */
    uint64_t processes[DISK_LIVES_MAX]; /* a random number, not 0, for each of these times, the newest first; 0: none */
    bool rolled_back;        /* an older copy of the directory was put back, and the node was told: it has no vote */
    /* The newest good snapshot, or index 0. Its blocks are read with disk_load_next before anything else. */
    uint64_t snapshot_index;
    uint64_t snapshot_term;
    struct raft_configuration snapshot_configuration;
    /* Entries up to here were committed, for all that the log says: at least what is in the snapshot, at most what is
     * here. There may be more. */
    uint64_t commit;
    /* Entries after the snapshot, in order without a gap: one reference each, the caller's. Freed by
     * disk_recovered_free. */
    struct raft_entry *entries;
    uint64_t entry_count;
    bool reserved;          /* all the room for later starts is set aside */
    bool full;              /* there was no room for a new segment */
    bool starved;           /* ... so the log is in one made of what was set aside; false: there was nothing of use */
    /* Oddities to be logged, one line each of key=value text ("event=torn_tail file=... offset=..."). */
    struct buffer notes;
};

enum disk_status {
    DISK_OK,
    DISK_REFUSED,  /* damaged, locked, not ours or of another format: nothing was changed. The reason says where */
    DISK_FAILED,   /* a call failed: the reason says which, on what, and errno's text */
    DISK_FULL,     /* a call failed for want of room (ENOSPC, EDQUOT, EFBIG), or of descriptors (EMFILE, ENFILE) */
};

/* Opens or makes the directory, locks it, recovers, and leaves a new segment ready for appending where there is room
 * for one. REASON gets one line of text unless DISK_OK. */
enum disk_status disk_open(const struct disk_options *options, struct disk **disk, struct disk_recovered *recovered,
                           char reason[DISK_REASON_MAX]);
void disk_recovered_free(struct disk_recovered *recovered);
/* The next block of the recovered snapshot: 1 and *BYTES, *SIZE, borrowed until the next call; 0: the end; -1: bad. */
int disk_load_next(struct disk *disk, const uint8_t **bytes, size_t *size);
/* Only when both threads rest. Closes the segment with a mark if it has none and all is well. */
void disk_close(struct disk *disk);

/* --- the WAL thread --------------------------------------------------------------------------------------------- */

/* A segment that the bulk thread prepared: owned by the node until it is handed to the WAL in a disk_log request. */
struct disk_segment {
    int file;
    uint64_t sequence;
    uint64_t id;
};

enum { DISK_SPARES_MAX = 4 };

/* One batch. What it claims is in the directory that was opened: were that taken away meanwhile, it fails. Executed in
 * this order: vote (both blocks, each synced); reset and entries, in one write for each 1 MiB
 * (APPENDER_BYTES) and one sync (one more for each segment that they roll over into); then the mark, written and synced
 * by itself, since that it is there proves that what is before it was synced. What does not fit in the room is the
 * caller's bug, but for a mark, which always fits. Spares come in the order in which they were prepared.
 *
 * What is known to be committed goes along with entries, behind them, or with a mark; by itself it is not worth a sync.
 * It is a hint: where it is missing a later start knows less. */
struct disk_log {
    bool write_vote;
    uint64_t term;
    uint32_t vote;
    bool rolled_back;
    bool reset;              /* the log starts anew after (reset_index, reset_term) */
    uint64_t reset_index;
    uint64_t reset_term;
    const struct raft_entry *entries; /* the node's array; it holds the payloads until the request is done */
    size_t entry_count;
    uint64_t commit;         /* entries up to here are committed, and with this batch all that the log has of them is
                              * what was committed; 0: nothing to say */
    bool mark;               /* close the last batch with a mark record; nothing is done if it has one that knows as
                              * much as `commit` */
    struct disk_segment spares[DISK_SPARES_MAX]; /* handed over to the WAL */
    size_t spare_count;

    /* Out. */
    enum disk_status status; /* DISK_OK, or DISK_FAILED: the node must stop (a failed write or sync is never retried) */
    bool marked;             /* the last batch on disk is closed by a mark */
    uint64_t committed;      /* what the log now says is committed */
    uint64_t sync_us;        /* how long writing and syncing took; 0 where no clock is linked */
    char reason[DISK_REASON_MAX]; /* the last: a request is zeroed up to here, for it is large and set anyhow */
};
void disk_log_execute(struct disk *disk, struct disk_log *request);

/* Bytes that a record with a payload of SIZE takes in a segment. */
size_t disk_record_bytes(size_t payload_size);
/* Bytes of records that are certain to fit: in what is left of the segment and in the spares handed over. Call only
 * when no disk_log request is under way. Subtract what is not yet handed over. */
uint64_t disk_room_bytes(const struct disk *disk);
/* Spare segments inside the WAL. Call likewise. */
size_t disk_spares(const struct disk *disk);
/* Bytes of records that a further spare adds to the room. */
uint64_t disk_segment_room_bytes(const struct disk *disk);

/* --- the bulk thread -------------------------------------------------------------------------------------------- */

enum disk_bulk_kind {
    DISK_PREPARE_SEGMENT = 1, /* -> segment; DISK_FULL where there is no room (nothing is left behind) */
    DISK_PREPARE_RESERVE,     /* sets room aside for starts, one of two parts; DISK_FULL likewise */
    DISK_IDENTITY,            /* writes `configuration` into the identity file, durable on return */
    DISK_SNAPSHOT_BEGIN,      /* own snapshot: index, term, configuration. Any unfinished one is dropped */
    DISK_SNAPSHOT_BLOCK,      /* appends one block: bytes */
    DISK_SNAPSHOT_END,        /* sync, verify by reading, rename, sync the directory; then keep two, delete the rest */
    DISK_SNAPSHOT_CANCEL,
    DISK_CLEAN,               /* retires WAL segments that hold nothing after the older kept snapshot, oldest first */
    DISK_SEND_OPEN,           /* opens the newest snapshot for sending -> index, term, size; index 0: there is none */
    DISK_SEND_READ,           /* -> bytes: up to `size` bytes of what SEND_OPEN opened, from `offset` */
    DISK_SEND_CLOSE,
    DISK_RECEIVE_BEGIN,       /* a snapshot from the leader: a new temporary file; any unfinished one is dropped */
    DISK_RECEIVE_WRITE,       /* bytes at `offset`, which is where the last ended */
    DISK_RECEIVE_END,         /* sync, verify (DISK_REFUSED if bad: it is dropped), rename, sync the directory
                                 -> index, term, configuration */
    DISK_RECEIVE_CANCEL,      /* the snapshot that comes in, or is loaded, is given up. What came in so far is removed;
                                 one that has its name stays */
    DISK_LOAD_OPEN,           /* opens the snapshot at index, term for loading */
    DISK_LOAD_BLOCK,          /* -> bytes: its next block; `end` when there was none left */
    DISK_LOAD_DROP,           /* the snapshot at index, term holds nothing that loads: it goes, as if it had not come */
    DISK_REMOVE,              /* a step of what `removals` tells of */
    DISK_CHECK,               /* DISK_FAILED where the directory is no longer the one that was opened */
};

struct disk_bulk {
    enum disk_bulk_kind kind;
    uint64_t index;
    uint64_t term;
    uint64_t offset;
    uint64_t size;
    bool end;
    struct buffer bytes;     /* the node's; filled or read by the thread while the request is under way */
    struct disk_segment segment;

    /* Out. */
    bool reserved; /* all the room for starts is set aside */
    bool removals; /* there are files to be cut down, a step with each DISK_REMOVE */
    /* DISK_FULL leaves things as they were (an unfinished snapshot is dropped). DISK_FAILED: the node stops. */
    bool newer;              /* with DISK_REFUSED: what came in is of a format newer than this program knows */
    enum disk_status status;

    /* Large, so last: disk_bulk_clear leaves them as they are but for their beginnings. */
    char reason[DISK_REASON_MAX];
    struct raft_configuration configuration; /* in */
};
/* An empty request. There is one in every turn of a node. */
static inline void disk_bulk_clear(struct disk_bulk *request)
{
    memset(request, 0, offsetof(struct disk_bulk, reason));
    request->reason[0] = '\0';
    request->configuration.count = 0;
}

void disk_bulk_execute(struct disk *disk, struct disk_bulk *request);

/* Sizes for `status`, kept by the threads, safe to read from any. */
struct disk_sizes {
    uint64_t wal_bytes;
    uint64_t snapshot_bytes;
    uint64_t snapshot_index; /* the newest finished one */
};
void disk_sizes(const struct disk *disk, struct disk_sizes *sizes);

#endif
