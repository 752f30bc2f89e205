/* Spoilt files that say who a node is and how it voted: a start refuses, or knows both as they were last. */
#include "base/ensure.h"
#include "fuzz/shared/past.h"
#include "fuzz/shared/spoil.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct disk_recovered *recovered, enum past_end end)
{
    bool newest = recovered->term == PAST_TERM + (end == PAST_VOTING);
    /* The newer vote was not done yet: where its block is bad the one before it holds. */
    bool before = end == PAST_VOTING && recovered->term == PAST_TERM;
    ensure((newest || before) && recovered->vote == PAST_VOTE);
    ensure(recovered->identity.node_id == 2 && recovered->identity.configuration.cluster_id == 9);
    ensure(recovered->identity.configuration.count == 1 && !recovered->identity.fresh);
    past_check_log(recovered);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reader input = reader_of(bytes, size);
    enum past_end end = reader_u8(&input) % PAST_ENDS;
    struct fs_memory *memory = past_copy(end);
    char paths[PAST_FILES_MAX][DISK_PATH_MAX];
    size_t count = past_files("vote", paths);
    count += past_files("identity", paths + count);
    bool sealed = spoil(memory, paths, count, &input);
    struct disk *disk;
    struct disk_recovered recovered;
    if (past_open(&disk, &recovered) == DISK_OK) {
        if (sealed) {
            disk_close(disk);
        } else {
            check(&recovered, end);
            past_go_on(disk, &recovered);
        }
        disk_recovered_free(&recovered);
    }
    ensure(fs_memory_open_files(memory) == 0);
    fs_memory_close(memory);
    return 0;
}
