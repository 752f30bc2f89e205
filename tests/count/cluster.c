#include "count/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "disk_fs/fs_memory.h"

enum {
    ROUND_US = 100,            /* about what a sync takes */
    START_US = 1000,
    FORM_MAX_US = 30000000,
    REST_US = 2000000,         /* after a leader was found */
};

static struct peer_socket *socket_of(struct machine *machine, uint32_t peer, size_t nth)
{
    /* Two for each other machine, by ascending ids. */
    size_t place = 2 * (peer - (peer > machine->id ? 2 : 1));
    return &machine->sockets[place + nth];
}

static void link_machines(struct cluster *cluster)
{
    for (uint32_t high = 2; high <= MACHINE_COUNT; high++) {
        for (uint32_t low = 1; low < high; low++) {
            for (size_t nth = 0; nth < 2; nth++) {
                struct machine *caller = &cluster->machines[high - 1], *called = &cluster->machines[low - 1];
                struct peer_socket *from = socket_of(caller, low, nth), *to = socket_of(called, high, nth);
                from->other = to;
                to->other = from;
                machine_open_link(called, to);
                machine_open_link(caller, from);
            }
        }
    }
}

struct machine *cluster_leader(struct cluster *cluster)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        if (machine_leads(&cluster->machines[i]))
            return &cluster->machines[i];
    return NULL;
}

static bool formed(struct cluster *cluster)
{
    const struct machine *leader = cluster_leader(cluster);
    for (size_t i = 0; leader && i < MACHINE_COUNT; i++)
        if (machine_leader(&cluster->machines[i]) != leader->id)
            return false;
    return leader != NULL;
}

void cluster_open(struct cluster *cluster)
{
    *cluster = (struct cluster){.memory = fs_memory_open(1), .now_us = START_US};
    fs_memory_use(cluster->memory);
    for (uint32_t id = 1; id <= MACHINE_COUNT; id++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "/n%u", (unsigned)id);
        fs_memory_machine(cluster->memory, prefix);
        machine_open(&cluster->machines[id - 1], id);
    }
    link_machines(cluster);
    while (!formed(cluster)) {
        ensure(cluster->now_us < FORM_MAX_US);
        cluster_round(cluster);
    }
    for (uint64_t end_us = cluster->now_us + REST_US; cluster->now_us < end_us;)
        cluster_round(cluster);
    ensure(formed(cluster));
}

void cluster_close(struct cluster *cluster)
{
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        machine_close(&cluster->machines[i]);
    fs_memory_close(cluster->memory);
}

void cluster_round(struct cluster *cluster)
{
    bool due[MACHINE_COUNT];
    uint64_t first_ms = UINT64_MAX;
    cluster->now_us += ROUND_US;
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        uint64_t due_ms = machine_due_ms(&cluster->machines[i]);
        due[i] = due_ms <= cluster->now_us / 1000;
        first_ms = due_ms < first_ms ? due_ms : first_ms;
    }
    if (first_ms > cluster->now_us / 1000) {
        ensure(first_ms < UINT64_MAX);
        cluster->now_us = first_ms * 1000;
        return;
    }
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        if (due[i])
            machine_turn(&cluster->machines[i], cluster->now_us / 1000);
    for (size_t i = 0; i < MACHINE_COUNT; i++)
        if (due[i])
            machine_flush(&cluster->machines[i]);
}
