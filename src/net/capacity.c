#include "net/capacity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/ensure.h"

/* Descriptors below LIMIT that whoever started the program has left open, beside the standard ones. */
static uint64_t count_open(uint64_t limit)
{
    enum { LOOKED_AT = 1024 };
    uint64_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) {
        for (int file = STDERR_FILENO + 1; file < LOOKED_AT && (uint64_t)file < limit; file++)
            count += fcntl(file, F_GETFD) >= 0;
        return count;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        int file = atoi(entry->d_name);
        count += file > STDERR_FILENO && (uint64_t)file < limit && file != dirfd(directory);
    }
    (void)closedir(directory);
    return count;
}

/* The limit, raised to WANTED where that may be. */
static uint64_t raise_limit(uint64_t wanted)
{
    struct rlimit limit;
    ensure(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= wanted)
        return limit.rlim_cur;
    struct rlimit raised = {.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted, .rlim_max = limit.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

bool capacity_share(struct capacity *capacity, uint32_t clients_count, uint32_t others_count, uint32_t links_max,
                    char reason[CAPACITY_REASON_MAX])
{
    uint32_t links = others_count > 0 ? others_count * CAPACITY_PER_MEMBER + CAPACITY_STRANGERS : 0;
    uint32_t most = others_count > 0 ? links_max : 0;
    ensure(links <= most);
    uint64_t open_count = count_open(UINT64_MAX);
    uint64_t limit = raise_limit(CAPACITY_OWN + open_count + most + clients_count);
    open_count = count_open(limit);
    uint64_t needed = CAPACITY_OWN + open_count + links;
    *capacity = (struct capacity){.limit = limit, .open_count = open_count, .links_count = links};
    if (limit <= needed) {
        snprintf(reason, CAPACITY_REASON_MAX,
                 "RLIMIT_NOFILE is %" PRIu64 ", this node needs at least %" PRIu64 " descriptors: %u for itself, "
                 "%" PRIu32 " for links to other nodes, %" PRIu64 " that whoever started it left open, and one for a "
                 "client; raise it (ulimit -n, LimitNOFILE=)",
                 limit, needed + 1, (unsigned)CAPACITY_OWN, links, open_count);
        return false;
    }
    uint64_t left = limit - needed;
    capacity->clients_count = left < clients_count ? (uint32_t)left : clients_count;
    left -= capacity->clients_count;
    capacity->links_count += left < most - links ? (uint32_t)left : most - links;
    return true;
}
