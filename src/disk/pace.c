#include "disk/pace.h"

#include "disk/fs.h"

int pace_sync(int file)
{
    uint64_t start_us = fs_clock_us();
    int error = fs_sync(file);
    uint64_t took_us = fs_clock_us() - start_us;
    fs_rest(took_us < PACE_REST_MAX_US ? took_us : PACE_REST_MAX_US);
    return error;
}

int pace_wrote(struct pace *pace, int file, size_t size)
{
    pace->unsynced += size;
    if (pace->unsynced < PACE_BYTES)
        return 0;
    pace->unsynced = 0;
    return pace_sync(file);
}
