#include "disk/recycled.h"

#include "base/ensure.h"

bool recycled_enough(const struct recycled *recycled)
{
    return recycled->count == RECYCLED_MAX;
}

enum disk_status recycled_add(struct recycled *recycled, const struct directory *directory, uint64_t sequence,
                              bool *kept, char *reason)
{
    char name[DIRECTORY_NAME_MAX];
    char waiting[DIRECTORY_NAME_MAX];
    *kept = false;
    directory_segment_name(sequence, name);
    ensure(!recycled_enough(recycled));
    directory_recycled_name(sequence, waiting);
    /* Synced before its content is touched: under its own name it would be a segment that is not what it says. */
    enum disk_status status = directory_rename(directory, name, waiting, reason);
    if (status == DISK_FULL)
        return DISK_OK; /* it is gone */
    if (status != DISK_OK)
        return status;
    recycled->sequences[recycled->count++] = sequence;
    *kept = true;
    return DISK_OK;
}

bool recycled_take(struct recycled *recycled, char name[DIRECTORY_NAME_MAX])
{
    if (recycled->count == 0)
        return false;
    directory_recycled_name(recycled->sequences[--recycled->count], name);
    return true;
}
