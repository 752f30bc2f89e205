#include "sim/storage.h"

#include <errno.h>
#include <stdio.h>

#include "base/random.h"
#include "disk/fs.h"
#include "disk_fs/fs_memory.h"
#include "sim/machine.h"

static struct fs_memory *disks;
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
    fs_memory_use(disks);
}

void storage_close(void)
{
    fs_memory_close(disks);
    disks = NULL;
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

void storage_stop_after(const struct machine *machine, uint64_t calls)
{
    fs_memory_stop(disks, number_of(machine), calls + 1);
}
