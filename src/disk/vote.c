#include "disk/vote.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "disk/block.h"
#include "disk/fs.h"
#include "disk/reason.h"

enum {
    AT_NODE_ID = BLOCK_FIELDS,
    AT_INCARNATION = AT_NODE_ID + 4,
    AT_SEQUENCE = AT_INCARNATION + 8,
    AT_TERM = AT_SEQUENCE + 8,
    AT_VOTE = AT_TERM + 8,
    AT_LIFE = AT_VOTE + 4,
    AT_ROLLED_BACK = AT_LIFE + 8,
    AT_PROCESSES = 64,
    AT_END = AT_PROCESSES + 8 * DISK_LIVES_MAX,
    VOTE_BLOCKS = 2,
};

static void vote_encode(const struct vote *vote, uint64_t offset, uint8_t block[BLOCK_SIZE])
{
    ensure(vote->incarnation != 0 && vote->sequence > 0);
    memset(block, 0, BLOCK_SIZE);
    bytes_put_u32(block + AT_NODE_ID, vote->node_id);
    bytes_put_u64(block + AT_INCARNATION, vote->incarnation);
    bytes_put_u64(block + AT_SEQUENCE, vote->sequence);
    bytes_put_u64(block + AT_TERM, vote->term);
    bytes_put_u32(block + AT_VOTE, vote->vote);
    bytes_put_u64(block + AT_LIFE, vote->life);
    block[AT_ROLLED_BACK] = vote->rolled_back;
    for (size_t i = 0; i < DISK_LIVES_MAX; i++)
        bytes_put_u64(block + AT_PROCESSES + i * 8, vote->processes[i]);
    block_seal(block, block_magic_vote, offset);
}

/* One of the two blocks, synced. */
static enum disk_status vote_put(struct vote *vote, int place, char *reason)
{
    ensure(vote->file >= 0 && place >= 0 && place < VOTE_BLOCKS);
    uint64_t offset = (uint64_t)place * BLOCK_SIZE;
    uint8_t block[BLOCK_SIZE];
    vote_encode(vote, offset, block);
    int error = fs_write(vote->file, offset, block, sizeof block);
    if (error < 0)
        return reason_failed(reason, "write", vote->path, error);
    error = fs_sync(vote->file);
    return error < 0 ? reason_failed(reason, "sync", vote->path, error) : DISK_OK;
}

enum disk_status vote_create(const struct directory *directory, uint32_t node_id, uint64_t incarnation,
                             uint64_t process, struct vote *vote, char *reason)
{
    static const char unfinished[] = "vote.tmp";
    *vote = (struct vote){.file = -1, .node_id = node_id, .incarnation = incarnation, .sequence = 1,
                          .life = 1, .processes = {process}};
    directory_path(directory, unfinished, vote->path);
    int file = fs_create(vote->path);
    if (file < 0)
        return directory_abandon(directory, -1, unfinished, reason_no_room(reason, "create", vote->path, file), reason);
    uint8_t blocks[VOTE_BLOCKS * BLOCK_SIZE];
    for (size_t i = 0; i < VOTE_BLOCKS; i++)
        vote_encode(vote, i * BLOCK_SIZE, blocks + i * BLOCK_SIZE);
    const char *call = "lock";
    int error = fs_lock_open(file);
    if (error == 0) {
        call = "write";
        error = fs_write(file, 0, blocks, sizeof blocks);
    }
    if (error == 0) {
        call = "sync";
        error = fs_sync(file);
    }
    if (error < 0)
        return directory_abandon(directory, file, unfinished, reason_no_room(reason, call, vote->path, error), reason);
    enum disk_status status = directory_rename(directory, unfinished, "vote", reason);
    if (status != DISK_OK) {
        (void)fs_close(file);
        return status;
    }
    vote->file = file;
    directory_path(directory, "vote", vote->path);
    return DISK_OK;
}

_Static_assert((int)AT_ROLLED_BACK < (int)AT_PROCESSES && (int)AT_END <= (int)BLOCK_END, "fields are in their order");

static bool vote_fields_fit(const uint8_t block[BLOCK_SIZE])
{
    return block[AT_ROLLED_BACK] <= 1 && block_is_zero(block, AT_ROLLED_BACK + 1, AT_PROCESSES) &&
           block_is_zero(block, AT_END, BLOCK_END);
}

/* The better of the two blocks into VOTE. One whose checksum fits is believed to be what a program wrote: what that
 * cannot have written is no reason to go by the other one, which may be an older vote. */
static enum disk_status vote_choose(struct vote *vote, const uint8_t *blocks, char *reason)
{
    int best = -1;
    uint64_t sequence[VOTE_BLOCKS] = {0};
    for (int i = 0; i < VOTE_BLOCKS; i++) {
        const uint8_t *block = blocks + (size_t)i * BLOCK_SIZE;
        enum block_state state = block_state(block, block_magic_vote, (uint64_t)i * BLOCK_SIZE);
        if (state == BLOCK_NEWER || state == BLOCK_OLDER)
            return block_check(block, block_magic_vote, (uint64_t)i * BLOCK_SIZE, vote->path, reason);
        vote->good[i] = state == BLOCK_GOOD;
        if (!vote->good[i])
            continue;
        if (bytes_u32(block + AT_NODE_ID) != vote->node_id || bytes_u64(block + AT_INCARNATION) != vote->incarnation)
            return reason_refused(reason, vote->path, (uint64_t)i * BLOCK_SIZE, "belongs to another data directory");
        if (!vote_fields_fit(block))
            return reason_refused(reason, vote->path, (uint64_t)i * BLOCK_SIZE, BLOCK_BAD_FIELDS);
        sequence[i] = bytes_u64(block + AT_SEQUENCE);
        if (best < 0 || sequence[i] > sequence[best])
            best = i;
    }
    if (best < 0)
        return reason_refused(reason, vote->path, 0, "damaged: both of its blocks are bad");
    const uint8_t *block = blocks + (size_t)best * BLOCK_SIZE;
    vote->sequence = sequence[best];
    vote->term = bytes_u64(block + AT_TERM);
    vote->vote = bytes_u32(block + AT_VOTE);
    vote->life = bytes_u64(block + AT_LIFE);
    vote->rolled_back = block[AT_ROLLED_BACK] == 1;
    for (size_t i = 0; i < DISK_LIVES_MAX; i++)
        vote->processes[i] = bytes_u64(block + AT_PROCESSES + i * 8);
    vote->equal = vote->good[0] && vote->good[1] && sequence[0] == sequence[1];
    if (vote->sequence == 0)
        return reason_refused(reason, vote->path, (uint64_t)best * BLOCK_SIZE, "damaged: no such sequence");
    /* Repair overwrites the block that does not hold. */
    if (!vote->equal)
        vote->good[1 - best] = false;
    return DISK_OK;
}

enum disk_status vote_load(const struct directory *directory, uint32_t node_id, uint64_t incarnation,
                           struct vote *vote, char *reason)
{
    *vote = (struct vote){.file = -1, .node_id = node_id, .incarnation = incarnation};
    directory_path(directory, "vote", vote->path);
    int file = fs_open(vote->path);
    if (file < 0)
        return reason_failed(reason, "open", vote->path, file);
    uint8_t blocks[VOTE_BLOCKS * BLOCK_SIZE] = {0};
    size_t got = 0;
    uint64_t bytes = 0;
    enum disk_status status;
    int error = fs_lock_open(file);
    if (error == -EWOULDBLOCK)
        status = reason_unfit(reason, vote->path, "another process runs on it; end that one first");
    else if (error < 0)
        status = reason_failed(reason, "lock", vote->path, error);
    else if ((error = fs_sync(file)) < 0)
        status = reason_failed(reason, "sync", vote->path, error);
    else if ((error = fs_size(file, &bytes)) < 0)
        status = reason_failed(reason, "size", vote->path, error);
    else if ((error = fs_read(file, 0, blocks, sizeof blocks, &got)) < 0)
        status = reason_failed(reason, "read", vote->path, error);
    else if (got < sizeof blocks || bytes != sizeof blocks)
        /* It was made at its full size before it got its name. */
        status = reason_refused(reason, vote->path, got, "damaged: the file is not as long as it was made");
    else
        status = vote_choose(vote, blocks, reason);
    if (status == DISK_OK)
        vote->file = file;
    else
        (void)fs_close(file);
    return status;
}

enum disk_status vote_repair(struct vote *vote, char *reason)
{
    ensure(vote->good[0] || vote->good[1]);
    /* Where both are equal the first is on the disk for certain, since the second was written after its sync; the
     * second may be in the page cache alone. Where they differ the one that holds may be in the cache alone: it is
     * written again before the other one, which may be the only good one on the disk, is touched. */
    int first = vote->equal ? 1 : vote->good[0] ? 0 : 1;
    enum disk_status status = vote_put(vote, first, reason);
    if (status == DISK_OK && !vote->equal)
        status = vote_put(vote, 1 - first, reason);
    return status;
}

static enum disk_status vote_put_both(struct vote *vote, char *reason)
{
    vote->sequence++;
    enum disk_status status = vote_put(vote, 0, reason);
    return status == DISK_OK ? vote_put(vote, 1, reason) : status;
}

enum disk_status vote_write(struct vote *vote, uint64_t term, uint32_t candidate, bool rolled_back, char *reason)
{
    ensure(term >= vote->term);
    ensure(term > vote->term || vote->vote == 0 || vote->vote == candidate);
    ensure(rolled_back || !vote->rolled_back);
    vote->term = term;
    vote->vote = candidate;
    vote->rolled_back = rolled_back;
    return vote_put_both(vote, reason);
}

enum disk_status vote_begin_life(struct vote *vote, uint64_t process, char *reason)
{
    vote->life++;
    memmove(vote->processes + 1, vote->processes, sizeof vote->processes - sizeof vote->processes[0]);
    vote->processes[0] = process;
    return vote_put_both(vote, reason);
}

void vote_close(struct vote *vote)
{
    if (vote->file >= 0)
        (void)fs_close(vote->file);
    vote->file = -1;
}
