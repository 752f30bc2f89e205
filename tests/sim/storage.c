#include "sim/storage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "base/random.h"
#include "disk/block.h"
#include "disk/fs.h"
#include "disk/sector.h"
#include "disk_fs/fs_memory.h"
#include "node/parts.h"
#include "sim/machine.h"

enum {
    SECTOR = 512,
    NEVER = INT32_MAX,
    SNAPSHOTS_MAX = 2,
    OPEN_ALWAYS = 3,   /* lock, vote, the segment that is filled */
    OPEN_AT_TIMES = 4, /* a snapshot of its own, one that comes, one that is loaded, one that is sent */
};

static struct fs_memory *disks;
static struct fs_memory *copies; /* of some of them, as they once were */
static struct random random;

static int number_of(const struct machine *machine)
{
    char prefix[16];
    snprintf(prefix, sizeof prefix, "/n%u", machine->id);
    return fs_memory_machine(disks, prefix);
}

void storage_open(uint64_t seed)
{
    random.state = seed;
    disks = fs_memory_open(random_u64(&random));
    copies = fs_memory_open(1);
    fs_memory_use(disks);
}

void storage_close(void)
{
    fs_memory_close(disks);
    fs_memory_close(copies);
    disks = copies = NULL;
}

void storage_watch(void (*before)(void *context), void *context)
{
    fs_memory_watch(disks, before, context);
}

void storage_wipe(const struct machine *machine)
{
    int number = number_of(machine);
    fs_memory_crash(disks, number, FS_MEMORY_LOSE);
    char **names;
    size_t count;
    if (fs_list(machine->directory, &names, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", machine->directory, names[i]);
        fs_memory_delete(disks, path);
    }
    fs_list_free(names, count);
    fs_memory_delete(disks, machine->directory);
}

/* Copies the files of MACHINE's directory between DISKS and the disk of copies, in which each machine has a path of its
 * own. */
static void copy_files(const char *from, struct fs_memory *source, const char *to, struct fs_memory *target)
{
    char **names;
    size_t count;
    fs_memory_use(source);
    int error = fs_list(from, &names, &count);
    ensure(error == 0);
    for (size_t i = 0; i < count; i++) {
        char path[64];
        size_t size = 0;
        snprintf(path, sizeof path, "%s/%s", from, names[i]);
        const uint8_t *bytes = fs_memory_content(source, path, &size);
        snprintf(path, sizeof path, "%s/%s", to, names[i]);
        fs_memory_use(target);
        int file = fs_create(path);
        ensure(file >= 0 && fs_write(file, 0, bytes, size) == 0 && fs_sync(file) == 0);
        (void)fs_close(file);
    }
    fs_memory_use(target);
    ensure(fs_sync_dir(to) == 0);
    fs_list_free(names, count);
    fs_memory_use(disks);
}

void storage_copy(const struct machine *machine)
{
    char prefix[16];
    snprintf(prefix, sizeof prefix, "/n%u", machine->id);
    int number = fs_memory_machine(copies, prefix);
    fs_memory_wipe(copies, number);
    fs_memory_use(copies);
    ensure(fs_make_dir(machine->directory) == 0);
    copy_files(machine->directory, disks, machine->directory, copies);
}

void storage_put_back(const struct machine *machine)
{
    fs_memory_limit(disks, number_of(machine), UINT64_MAX);
    storage_wipe(machine);
    char parent[16];
    snprintf(parent, sizeof parent, "/n%u", machine->id);
    ensure(fs_make_dir(machine->directory) == 0 && fs_sync_dir(parent) == 0);
    copy_files(machine->directory, copies, machine->directory, disks);
}

/* A file of MACHINE with something in it: its path, and its size. */
static size_t any_file(const struct machine *machine, char *path, size_t room)
{
    char **names;
    size_t count, size = 0;
    if (fs_list(machine->directory, &names, &count) != 0)
        return 0;
    for (int tries = 0; tries < 20 && size == 0 && count > 0; tries++) {
        snprintf(path, room, "%s/%s", machine->directory, names[random_u64(&random) % count]);
        (void)fs_memory_content(disks, path, &size);
    }
    fs_list_free(names, count);
    return size;
}

/* A sector of BYTES that is not all zeros, if a few tries find one. */
static size_t any_sector(const uint8_t *bytes, size_t size)
{
    static const uint8_t zeros[SECTOR];
    size_t sectors = (size + SECTOR - 1) / SECTOR, sector = 0;
    for (int tries = 0; tries < 200; tries++) {
        sector = random_u64(&random) % sectors;
        size_t part = size - sector * SECTOR < SECTOR ? size - sector * SECTOR : SECTOR;
        if (memcmp(bytes + sector * SECTOR, zeros, part) != 0)
            break;
    }
    return sector;
}

/* One of the last sectors that were written in the newest segment with a log in it: its offset, and the file's PATH and
 * content. NULL: there is none. */
static const uint8_t *log_end(const struct machine *machine, char *path, size_t room, size_t *size, size_t *at)
{
    char **names, newest[64] = "";
    size_t count;
    const uint8_t *found = NULL;
    if (fs_list(machine->directory, &names, &count) != 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        char other[64];
        size_t bytes_size;
        snprintf(other, sizeof other, "%s/%s", machine->directory, names[i]);
        if (strncmp(names[i], "wal-", 4) != 0 || strstr(names[i], ".tmp") || strcmp(other, newest) < 0)
            continue;
        const uint8_t *bytes = fs_memory_content(disks, other, &bytes_size);
        uint64_t id = bytes_size > BLOCK_SIZE ? bytes_u64(bytes + 28) : 0;
        size_t last = 0;
        for (size_t sector = BLOCK_SIZE; sector + SECTOR <= bytes_size; sector += SECTOR)
            if (sector_state(bytes + sector, id, sector) == SECTOR_OURS)
                last = sector;
        if (last == 0)
            continue;
        memcpy(newest, other, sizeof newest);
        size_t back = random_u64(&random) % 3 * SECTOR;
        *at = last - BLOCK_SIZE >= back ? last - back : last;
        *size = bytes_size;
        found = bytes;
    }
    fs_list_free(names, count);
    snprintf(path, room, "%s", newest);
    return found;
}

bool storage_rot(const struct machine *machine, bool *lost, char *text, size_t room)
{
    static const uint8_t zeros[SECTOR];
    char path[64];
    uint8_t sector[SECTOR] = {0};
    size_t size, at = 0;
    const uint8_t *bytes = random_u64(&random) % 2 == 0 ? log_end(machine, path, sizeof path, &size, &at) : NULL;
    if (!bytes) {
        size = any_file(machine, path, sizeof path);
        if (size == 0)
            return false;
        bytes = fs_memory_content(disks, path, &size);
        at = any_sector(bytes, size) * SECTOR;
    }
    size_t part = size - at < SECTOR ? size - at : SECTOR;
    uint64_t kind = random_u64(&random) % 5;
    if (kind == 0) { /* another sector's content */
        size_t from = any_sector(bytes, size) * SECTOR;
        memcpy(sector, bytes + from, size - from < SECTOR ? size - from : SECTOR);
    } else if (kind == 2) { /* a few bytes */
        memcpy(sector, bytes + at, part);
        size_t first = random_u64(&random) % part, count = 1 + random_u64(&random) % 64;
        for (size_t i = first; i < part && i < first + count; i++)
            sector[i] ^= (uint8_t)(1 + random_u64(&random) % 255);
    }
    *lost = kind < 3 && memcmp(sector, zeros, part) == 0;
    if (kind < 3) {
        const char *what = *lost ? "zeros" : kind == 0 ? "another one" : "bad";
        snprintf(text, room, "%s: the sector at %zu is %s", path, at, what);
        fs_memory_spoil(disks, path, at, sector, part);
    } else {
        uint64_t bit = at * 8 + random_u64(&random) % (part * 8);
        snprintf(text, room, "%s: bit %llu is flipped", path, (unsigned long long)bit);
        fs_memory_flip(disks, path, bit);
    }
    return true;
}

bool storage_has_received(const struct machine *machine)
{
    char path[64];
    snprintf(path, sizeof path, "%s/snapshot-received.tmp", machine->directory);
    return fs_memory_exists(disks, path);
}

/* What is in MACHINE's directory: bytes of segments, whatever their names, and how many snapshots have theirs. */
static void take_stock(const struct machine *machine, uint64_t *segment_bytes, size_t *snapshots)
{
    char **names;
    size_t count;
    *segment_bytes = *snapshots = 0;
    if (fs_list(machine->directory, &names, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        size_t size;
        snprintf(path, sizeof path, "%s/%s", machine->directory, names[i]);
        if (strncmp(names[i], "wal-", 4) == 0 && fs_memory_content(disks, path, &size))
            *segment_bytes += size;
        *snapshots += strncmp(names[i], "snapshot-", 9) == 0 && !strstr(names[i], ".tmp");
    }
    fs_list_free(names, count);
}

const char *storage_waste(const struct machine *machine)
{
    static char reason[160];
    uint64_t segment_bytes;
    size_t snapshots;
    struct disk_sizes sizes;
    take_stock(machine, &segment_bytes, &snapshots);
    disk_sizes(machine->disk, &sizes);
    if (segment_bytes != sizes.wal_bytes) {
        snprintf(reason, sizeof reason, "its segments have %llu bytes, and it says %llu",
                 (unsigned long long)segment_bytes, (unsigned long long)sizes.wal_bytes);
        return reason;
    }
    if (snapshots > SNAPSHOTS_MAX)
        return "it keeps more snapshots than two";
    size_t open = fs_memory_open_files_of(disks, number_of(machine));
    size_t spares = disk_spares(machine->disk) + node_parts(machine->node).persist->spare_count;
    size_t most = OPEN_ALWAYS + OPEN_AT_TIMES + spares;
    if (open <= most)
        return NULL;
    snprintf(reason, sizeof reason, "it has %zu files open, and needs %zu at most", open, most);
    return reason;
}

bool storage_has_reserve(const struct machine *machine)
{
    char path[64];
    for (int i = 1; i <= 2; i++) {
        snprintf(path, sizeof path, "%s/reserve-%d", machine->directory, i);
        if (fs_memory_exists(disks, path))
            return true;
    }
    return false;
}

void storage_crash(const struct machine *machine, bool power)
{
    static const enum fs_memory_loss losses[] = {FS_MEMORY_LOSE, FS_MEMORY_SOME, FS_MEMORY_SOME, FS_MEMORY_TEAR};
    enum fs_memory_loss loss = losses[random_u64(&random) % 4];
    fs_memory_crash(disks, number_of(machine), power ? loss : FS_MEMORY_KEEP);
}

void storage_limit(const struct machine *machine, uint64_t more)
{
    int number = number_of(machine);
    uint64_t limit = more == UINT64_MAX ? UINT64_MAX : fs_memory_used(disks, number) + more;
    fs_memory_limit(disks, number, limit);
}

void storage_error_after(const struct machine *machine, uint64_t calls)
{
    fs_memory_fail(disks, number_of(machine), calls + 1, -EIO);
}

bool storage_error_lifted(const struct machine *machine)
{
    if (fs_memory_struck(disks, number_of(machine)))
        return false;
    fs_memory_fail(disks, number_of(machine), NEVER, -EIO);
    return true;
}

void storage_stop_after(const struct machine *machine, uint64_t calls)
{
    fs_memory_stop(disks, number_of(machine), calls + 1);
}

bool storage_stop_lifted(const struct machine *machine)
{
    return fs_memory_stop_lifted(disks, number_of(machine));
}
