/* A log whose segments are spoilt: a start either refuses, or yields a log that was there at some time, and goes on
 * with it. */
#include "base/ensure.h"
#include "fuzz/shared/past.h"
#include "fuzz/shared/spoil.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reader input = reader_of(bytes, size);
    struct fs_memory *memory = past_copy(reader_u8(&input) % 2 == 0 ? PAST_CLOSED : PAST_KILLED);
    char paths[PAST_FILES_MAX][DISK_PATH_MAX];
    bool sealed = spoil(memory, paths, past_files("wal-", paths), &input);
    struct disk *disk;
    struct disk_recovered recovered;
    if (past_open(&disk, &recovered) == DISK_OK) {
        ensure(sealed || (recovered.term == PAST_TERM && recovered.vote == PAST_VOTE));
        if (sealed) {
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
    return 0;
}
