#include "count/meter.h"

#include <stddef.h>
#include <sys/uio.h>

#include "count/callgrind.h"
#include "disk/fs.h"

static struct meter *current;

void meter_use(struct meter *meter)
{
    current = meter;
}

struct meter *meter_used(void)
{
    return current;
}

struct meter meter_since(const struct meter *now, const struct meter *before)
{
    return (struct meter){
        .turns = now->turns - before->turns,
        .allocations = now->allocations - before->allocations,
        .frees = now->frees - before->frees,
        .allocated_bytes = now->allocated_bytes - before->allocated_bytes,
        .copied_bytes = now->copied_bytes - before->copied_bytes,
        .hashed_bytes = now->hashed_bytes - before->hashed_bytes,
        .requests = now->requests - before->requests,
        .writes = now->writes - before->writes,
        .syncs = now->syncs - before->syncs,
        .written_bytes = now->written_bytes - before->written_bytes,
        .frames = now->frames - before->frames,
        .sends = now->sends - before->sends,
        .link_bytes = now->link_bytes - before->link_bytes,
    };
}

/* --- the file system: what it does itself is the kernel's work in a server, and not counted ---------------------- */

int __real_fs_write(int file, uint64_t offset, const void *bytes, size_t size);
int __wrap_fs_write(int file, uint64_t offset, const void *bytes, size_t size);
int __real_fs_writev(int file, uint64_t offset, struct iovec *pieces, size_t count);
int __wrap_fs_writev(int file, uint64_t offset, struct iovec *pieces, size_t count);
int __real_fs_sync(int file);
int __wrap_fs_sync(int file);

static struct meter *leave(void)
{
    struct meter *meter = current;
    current = NULL;
    if (meter)
        CALLGRIND_TOGGLE_COLLECT;
    return meter;
}

static void come_back(struct meter *meter)
{
    current = meter;
    if (meter)
        CALLGRIND_TOGGLE_COLLECT;
}

static void count_write(struct meter *meter, size_t size)
{
    if (meter) {
        meter->writes++;
        meter->written_bytes += size;
    }
}

int __wrap_fs_write(int file, uint64_t offset, const void *bytes, size_t size)
{
    struct meter *meter = leave();
    count_write(meter, size);
    int error = __real_fs_write(file, offset, bytes, size);
    come_back(meter);
    return error;
}

int __wrap_fs_writev(int file, uint64_t offset, struct iovec *pieces, size_t count)
{
    struct meter *meter = leave();
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pieces[i].iov_len;
    count_write(meter, size);
    int error = __real_fs_writev(file, offset, pieces, count);
    come_back(meter);
    return error;
}

int __wrap_fs_sync(int file)
{
    struct meter *meter = leave();
    if (meter)
        meter->syncs++;
    int error = __real_fs_sync(file);
    come_back(meter);
    return error;
}
