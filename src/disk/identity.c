#include "disk/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"
#include "disk/block.h"
#include "disk/fs.h"
#include "disk/reason.h"

enum {
    AT_NODE_ID = BLOCK_FIELDS,
    AT_INCARNATION = AT_NODE_ID + 4,
    AT_SIZE = AT_INCARNATION + 8,
    AT_CONFIGURATION = AT_SIZE + 4,
};

_Static_assert((int)AT_CONFIGURATION + (int)RAFT_CONFIGURATION_BYTES_MAX <= (int)BLOCK_END, "the largest fits");

static void identity_encode(const struct disk_identity *identity, uint8_t block[BLOCK_SIZE])
{
    ensure(identity->incarnation != 0 && identity->node_id != 0);
    memset(block, 0, BLOCK_SIZE);
    bytes_put_u32(block + AT_NODE_ID, identity->node_id);
    bytes_put_u64(block + AT_INCARNATION, identity->incarnation);
    if (identity->configuration.count > 0) {
        struct buffer bytes = {0};
        raft_configuration_encode(&identity->configuration, &bytes);
        ensure(buffer_size(&bytes) <= BLOCK_END - AT_CONFIGURATION);
        bytes_put_u32(block + AT_SIZE, (uint32_t)buffer_size(&bytes));
        memcpy(block + AT_CONFIGURATION, buffer_start(&bytes), buffer_size(&bytes));
        buffer_close(&bytes);
    }
    block_seal(block, block_magic_identity, 0);
}

enum disk_status identity_write(const struct directory *directory, const struct disk_identity *identity, char *reason)
{
    static const char unfinished[] = "identity.tmp";
    uint8_t block[BLOCK_SIZE];
    identity_encode(identity, block);
    char path[DISK_PATH_MAX];
    char final[DISK_PATH_MAX];
    directory_path(directory, unfinished, path);
    directory_path(directory, "identity", final);
    int file = fs_create(path);
    if (file < 0)
        return directory_abandon(directory, -1, unfinished, reason_no_room(reason, "create", path, file), reason);
    const char *call = "write";
    int error = fs_write(file, 0, block, sizeof block);
    if (error == 0) {
        call = "sync";
        error = fs_sync(file);
    }
    if (error < 0)
        return directory_abandon(directory, file, unfinished, reason_no_room(reason, call, path, error), reason);
    (void)fs_close(file);
    enum disk_status status = directory_check(directory, reason);
    if (status != DISK_OK)
        return status;
    error = fs_rename(path, final);
    if (error < 0)
        return directory_abandon(directory, -1, unfinished, reason_no_room(reason, "rename", path, error), reason);
    /* From here on the old file is gone: there is no way back to how things were. */
    error = fs_sync_dir(directory->path);
    return error < 0 ? reason_failed(reason, "sync", directory->path, error) : DISK_OK;
}

static enum disk_status identity_decode(const uint8_t block[BLOCK_SIZE], uint32_t node_id, const char *path,
                                        struct disk_identity *identity, char *reason)
{
    enum disk_status status = block_check(block, block_magic_identity, 0, path, reason);
    if (status != DISK_OK)
        return status;
    *identity = (struct disk_identity){
        .node_id = bytes_u32(block + AT_NODE_ID),
        .incarnation = bytes_u64(block + AT_INCARNATION),
    };
    if (identity->node_id != node_id) {
        char text[120];
        int length = snprintf(text, sizeof text, "this data directory belongs to node %" PRIu32 "; give node %" PRIu32
                              " a --data of its own, or start this one as --id %" PRIu32,
                              identity->node_id, node_id, identity->node_id);
        ensure(length > 0 && (size_t)length < sizeof text);
        return reason_unfit(reason, path, text);
    }
    uint32_t size = bytes_u32(block + AT_SIZE);
    if (identity->incarnation == 0 || size > BLOCK_END - AT_CONFIGURATION)
        return reason_refused(reason, path, 0, "damaged: no valid identity");
    if (raft_configuration_is_newer(block + AT_CONFIGURATION, size))
        return reason_newer(reason, path, AT_CONFIGURATION);
    if (size > 0 && !raft_configuration_decode(block + AT_CONFIGURATION, size, &identity->configuration))
        return reason_refused(reason, path, AT_CONFIGURATION, "damaged: no valid configuration");
    if (!block_is_zero(block, AT_CONFIGURATION + size, BLOCK_END))
        return reason_refused(reason, path, AT_CONFIGURATION + size, BLOCK_BAD_FIELDS);
    return DISK_OK;
}

enum disk_status identity_load(const struct directory *directory, uint32_t node_id, struct disk_identity *identity,
                               char *reason)
{
    char path[DISK_PATH_MAX];
    directory_path(directory, "identity", path);
    int file = fs_open(path);
    if (file < 0)
        return reason_failed(reason, "open", path, file);
    uint8_t block[BLOCK_SIZE];
    size_t got = 0;
    uint64_t bytes = 0;
    enum disk_status status;
    int error = fs_sync(file);
    if (error < 0)
        status = reason_failed(reason, "sync", path, error);
    else if ((error = fs_size(file, &bytes)) < 0)
        status = reason_failed(reason, "size", path, error);
    else if ((error = fs_read(file, 0, block, sizeof block, &got)) < 0)
        status = reason_failed(reason, "read", path, error);
    else if (got < sizeof block || bytes != sizeof block)
        status = reason_refused(reason, path, got, "damaged: the file is not as long as it was made");
    else
        status = identity_decode(block, node_id, path, identity, reason);
    (void)fs_close(file);
    return status;
}
