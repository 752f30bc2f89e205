/* Spoilt snapshots. In the data directory: a start takes one that is whole, or refuses. From a leader: what is not
 * whole is refused, and gone. */
#include <string.h>

#include "base/ensure.h"
#include "fuzz/shared/past.h"
#include "fuzz/shared/spoil.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void start(struct reader *input)
{
    struct fs_memory *memory = past_copy(PAST_KILLED);
    char paths[PAST_FILES_MAX][DISK_PATH_MAX];
    bool sealed = spoil(memory, paths, past_files("snapshot-", paths), input);
    struct disk *disk;
    struct disk_recovered recovered;
    if (past_open(&disk, &recovered) == DISK_OK) {
        if (sealed) {
            const uint8_t *block;
            size_t size;
            while (disk_load_next(disk, &block, &size) > 0)
                ensure(block != NULL);
            disk_close(disk);
        } else {
            past_check_log(&recovered);
            past_check_snapshot(disk, &recovered);
            past_go_on(disk, &recovered);
        }
        disk_recovered_free(&recovered);
    }
    ensure(fs_memory_open_files(memory) == 0);
    fs_memory_close(memory);
}

/* What comes over the link; then whether the disk took it in. */
static bool receive(struct disk *disk, const uint8_t *bytes, size_t size)
{
    struct disk_bulk request = {.kind = DISK_RECEIVE_BEGIN};
    disk_bulk_execute(disk, &request);
    ensure(request.status == DISK_OK);
    request.kind = DISK_RECEIVE_WRITE;
    buffer_append(&request.bytes, bytes, size);
    disk_bulk_execute(disk, &request);
    ensure(request.status == DISK_OK);
    request.kind = DISK_RECEIVE_END;
    disk_bulk_execute(disk, &request);
    buffer_close(&request.bytes);
    ensure(request.status == DISK_OK || request.status == DISK_REFUSED);
    return request.status == DISK_OK;
}

/* A leader's snapshot, spoilt where it lies, comes to a node without one. */
static void come(struct reader *input)
{
    struct fs_memory *memory = past_copy(PAST_CLOSED);
    char paths[PAST_FILES_MAX][DISK_PATH_MAX];
    size_t count = past_files("snapshot-", paths);
    bool sealed = spoil(memory, paths + count - 1, 1, input);
    size_t size, whole_size;
    const uint8_t *bytes = fs_memory_content(memory, paths[count - 1], &size);
    const uint8_t *whole = past_snapshot(&whole_size);
    struct fs_memory *other = fs_memory_open(1);
    fs_memory_machine(other, "/m");
    fs_memory_use(other);
    struct disk *disk;
    struct disk_recovered recovered;
    ensure(past_open(&disk, &recovered) == DISK_OK);
    bool taken = receive(disk, bytes, size);
    ensure(!taken || sealed || (size == whole_size && memcmp(bytes, whole, size) == 0));
    ensure(past_files("snapshot-", paths) == taken);
    disk_recovered_free(&recovered);
    disk_close(disk);
    fs_memory_close(other);
    fs_memory_close(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reader input = reader_of(bytes, size);
    if (reader_u8(&input) % 2 == 0)
        start(&input);
    else
        come(&input);
    return 0;
}
