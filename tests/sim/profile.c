#include "sim/profile.h"

#include <stdio.h>

#include "store/store.h"

enum { OVERLOAD_FAULTS_MAX_US = 25 * 1000000 }; /* what a node lacks then can be had within the time for progress */

const char *const fault_names[FAULT_KIND_COUNT] = {
    [FAULT_KILL] = "kill",           [FAULT_POWER] = "power",         [FAULT_POWER_SOME] = "power_some",
    [FAULT_POWER_ALL] = "power_all", [FAULT_POWER_IN_IO] = "power_in_io", [FAULT_SHUTDOWN] = "shutdown",
    [FAULT_PAUSE] = "pause",         [FAULT_STALL] = "stall",         [FAULT_PARTITION] = "partition",
    [FAULT_CUT] = "cut",             [FAULT_FULL] = "full",           [FAULT_WIPE] = "wipe",
    [FAULT_ERROR] = "error",         [FAULT_ROT] = "rot",             [FAULT_DIVERGE] = "diverge",
    [FAULT_SUSPEND] = "suspend",     [FAULT_CLOG] = "clog",           [FAULT_AMBUSH] = "ambush",
    [FAULT_DEPOSE] = "depose",       [FAULT_PUT_BACK] = "put_back",
};

bool profile_chance(struct random *random, uint32_t ppm)
{
    return random_u64(random) % 1000000 < ppm;
}

/* One of COUNT values. */
static uint64_t pick(struct random *random, const uint64_t *values, size_t count)
{
    return values[random_u64(random) % count];
}
#define PICK(random, ...)                                                                     \
    pick(random, (const uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static uint32_t segment_bytes(uint64_t least)
{
    return (uint32_t)(least < 65536 ? 65536 : (least + 4095) / 4096 * 4096);
}

static void draw_nodes(struct profile *profile, struct random *random)
{
    uint32_t election = (uint32_t)PICK(random, 150, 150, 150, 80, 300, 1000);
    profile->election_min_ms = election;
    /* If both are near each other there are many split votes. */
    profile->election_max_ms = election + election / (uint32_t)PICK(random, 1, 1, 1, 4, 20);
    profile->heartbeat_ms = election / 5;
    profile->command_timeout_ms = (uint32_t)PICK(random, 5000, 5000, 2000, 500);
    profile->snapshot_every_bytes = PICK(random, 1024, 4096, 16384, 65536, 1 << 20, 64 << 20);
    profile->large_permille = (uint32_t)PICK(random, 0, 0, 0, 5, 30, 200);
    profile->value_max_bytes = profile->large_permille > 0 ? PICK(random, 32 << 10, 32 << 10, 64 << 10) : 16 << 10;
    if (profile->large_permille > 0 && profile_chance(random, 100000)) { /* costly: now and then */
        profile->large_permille = 10;
        profile->value_max_bytes = 1 << 20;
    }
    profile->memory_max_bytes = 1 << 30;
    if (profile_chance(random, 150000))
        profile->memory_max_bytes = PICK(random, 512 << 10, 64 << 10, 32 << 10, 16 << 10);
    profile->repeats_max = PICK(random, STORE_TOKENS_MAX, STORE_TOKENS_MAX, 64, 4);
    profile->window_max = PICK(random, 16384, 16384, 64, 4);
    profile->catchup_entries = PICK(random, 32768, 100, 10, 1, 1);
    profile->agreement_every = PICK(random, 16, 4);
    profile->snapshot_block_bytes = PICK(random, 256 << 10, 16 << 10, 1 << 10);
    profile->frame_bytes = PICK(random, 256 << 10, 16 << 10, 4 << 10, 1 << 10);
    if (profile->large_permille > 0 && profile->frame_bytes < 4 << 10)
        profile->frame_bytes = 4 << 10; /* snapshots go a frame a round: they must come to an end */
    profile->append_bytes = (uint32_t)PICK(random, 256 << 10, 256 << 10, 4 << 10, 1);
    profile->inflight_count = (uint32_t)PICK(random, 64, 64, 4, 1);
    uint64_t record = profile->value_max_bytes + 4096;
    uint64_t two_records = record * 2 + record / 15; /* with sectors' ends */
    profile->segment_min_bytes = segment_bytes(two_records + 4096);
    profile->segment_bytes = segment_bytes(two_records + PICK(random, 4096, 4096, 65536, 1 << 20));
    profile->options_change_ppm = (uint32_t)PICK(random, 0, 0, 100000, 500000);
    profile->drift_ppm = profile_chance(random, 200000) ? (uint32_t)PICK(random, 1000, 10000, 50000, 100000) : 0;
}

static void draw_world(struct profile *profile, struct random *random)
{
    profile->disk_min_us = PICK(random, 20, 100, 1000);
    profile->disk_max_us = profile->disk_min_us * PICK(random, 2, 10, 30);
    profile->rest_ppm = (uint32_t)PICK(random, 0, 10000, 100000, 500000);
    profile->log_rests_long_ppm = (uint32_t)PICK(random, 0, 100000, 300000);
    profile->bulk_rests_long_ppm = (uint32_t)PICK(random, 0, 100000, 300000);
    profile->rest_machines = SIM_NODES_MAX;
    profile->rest_ends_ppm = (uint32_t)PICK(random, 0, 10000, 100000);
    profile->delay_min_us = PICK(random, 20, 100, 1000, 5000);
    profile->delay_max_us = profile->delay_min_us * PICK(random, 1, 3, 10);
    if (profile->delay_max_us > profile->election_min_ms * 100u)
        profile->delay_max_us = profile->delay_min_us;
    profile->bandwidth = PICK(random, 10 << 10, 100 << 10, 1 << 20);
    profile->window_bytes = PICK(random, 16 << 10, 256 << 10, 4 << 20);
    profile->drop_ppm = (uint32_t)PICK(random, 0, 0, 1000, 10000, 50000, 200000);
    profile->repeat_ppm = (uint32_t)PICK(random, 0, 0, 1000, 10000, 100000);
    profile->reorder_ppm = (uint32_t)PICK(random, 0, 0, 1000, 10000, 100000);
    profile->late_us = PICK(random, profile->delay_max_us * 20, profile->delay_max_us * 20, 1000000, 10000000);
    profile->tear_ppm = (uint32_t)PICK(random, 0, 0, 0, 0, 100, 1000);
    profile->spoil_ppm = (uint32_t)PICK(random, 0, 0, 0, 0, 100, 1000);
}

static void draw_faults(struct profile *profile, struct random *random)
{
    static const uint32_t usual[FAULT_KIND_COUNT] = {
        [FAULT_KILL] = 10,     [FAULT_POWER] = 10, [FAULT_POWER_SOME] = 4, [FAULT_POWER_ALL] = 2,
        [FAULT_POWER_IN_IO] = 10, [FAULT_SHUTDOWN] = 6, [FAULT_PAUSE] = 8,    [FAULT_STALL] = 6,
        [FAULT_PARTITION] = 20, [FAULT_CUT] = 10,  [FAULT_FULL] = 4,       [FAULT_WIPE] = 1,
        [FAULT_ERROR] = 6,     [FAULT_ROT] = 1,    [FAULT_DIVERGE] = 1,    [FAULT_SUSPEND] = 4,
        [FAULT_CLOG] = 8,      [FAULT_AMBUSH] = 20, [FAULT_DEPOSE] = 12, [FAULT_PUT_BACK] = 2,
    };
    profile->power_delicate_ppm = (uint32_t)PICK(random, 0, 5000, 5000, 50000);
    profile->power_again_ppm = (uint32_t)PICK(random, 200000, 200000, 800000);
    profile->fault_gap_us = PICK(random, 200000, 500000, 1000000, 3000000);
    profile->fault_long_us = PICK(random, 500000, 2000000, 5000000, 5000000, 20000000);
    for (int i = 0; i < FAULT_KIND_COUNT; i++) /* each kind is left out of some runs, and rules others */
        profile->fault_weights[i] = usual[i] * (uint32_t)PICK(random, 0, 1, 1, 1, 8);
    profile->heal_majority = profile_chance(random, 250000);
}

/* Entries that one follower can take in a second: with small messages, and few under way, or with large values on a
 * narrow link, one behind the others would never come up with them if they were given more. */
static uint64_t follower_per_s(const struct profile *profile)
{
    uint64_t round_us = 2 * profile->delay_max_us + 2 * profile->disk_max_us;
    uint64_t messages = profile->inflight_count * (profile->append_bytes / 400 + 1) * 1000000 / round_us;
    uint64_t mean_bytes = profile->large_permille * profile->value_max_bytes / 2000 + 400;
    uint64_t narrow = profile->window_bytes * 1000000 / (2 * profile->delay_max_us + 1) / mean_bytes;
    return messages < narrow ? messages : narrow;
}

static void draw_clients(struct profile *profile, struct random *random)
{
    profile->clients = (uint32_t)PICK(random, 2, 4, 8, SIM_CLIENTS_MAX);
    profile->files = (uint32_t)PICK(random, 1, 2, 4, 16, SIM_FILES_MAX);
    profile->depth = (uint32_t)PICK(random, 1, 2, 8, 32);
    profile->think_us = PICK(random, 2000, 20000, 100000, 400000, 1000000);
    profile->read_weight = (uint32_t)PICK(random, 10, 40, 100);
    profile->write_weight = (uint32_t)PICK(random, 20, 40);
    profile->cas_weight = (uint32_t)PICK(random, 0, 20, 80);
    profile->delete_weight = (uint32_t)PICK(random, 0, 5, 20);
    profile->expiry_permille = (uint32_t)PICK(random, 0, 100, 600);
    /* What is rare needs many runs more than it needs many operations in one: only a few runs are dense. */
    uint64_t per_s_max = profile_chance(random, 20000) ? 20000 : PICK(random, 25, 100, 400);
    uint64_t follower_max = follower_per_s(profile) / 4;
    if (per_s_max > follower_max)
        per_s_max = follower_max + 1;
    uint64_t per_s = profile->clients * (profile->depth + 1) * 1000000 / profile->think_us;
    if (per_s > per_s_max)
        profile->think_us = profile->think_us * per_s / per_s_max;
    if (profile->think_us > THINK_MAX_US) {
        profile->think_us = THINK_MAX_US;
        profile->depth = 1;
    }
    /* More than the network can carry in time is a run of its own, not part of these. */
    if (profile->large_permille > 20 && profile->depth * profile->clients > 64)
        profile->depth = 64 / profile->clients;
    profile->reader_permille = (uint32_t)PICK(random, 0, 200, 500);
    profile->break_permille = (uint32_t)PICK(random, 0, 5, 50);
}

/* Where leaders come and go with much that no one else has, and snapshots overtake it: what chance brings about too
 * seldom, since many things must come together. */
static void draw_deposed_leaders(struct profile *profile, struct random *random)
{
    profile->election_min_ms = 150;
    profile->election_max_ms = 300;
    profile->heartbeat_ms = 30;
    profile->snapshot_every_bytes = 1024;
    profile->catchup_entries = 1;
    profile->append_bytes = 4 << 10;
    profile->inflight_count = 64;
    profile->window_bytes = 256 << 10;
    profile->command_timeout_ms = 5000;
    profile->large_permille = 0;
    profile->clients = SIM_CLIENTS_MAX;
    profile->depth = 8;
    profile->think_us = 300000;
    profile->fault_gap_us = 500000;
    profile->fault_weights[FAULT_DEPOSE] = 100;
    if (profile_chance(random, 500000)) { /* what a deposed one has sent is taken back while some still write it */
        profile->rest_ppm = 300000;
        profile->log_rests_long_ppm = 700000;
        profile->rest_machines = 2;
    }
    profile->fault_weights[FAULT_POWER_IN_IO] = 10;
    profile->power_delicate_ppm = 20000;
}

/* Where both threads of a disk have much to do, and rest in its middle: a segment holds a few entries only, snapshots
 * follow each other, and with the others' help the log is often committed far beyond what is durable here. */
static void draw_busy_disks(struct profile *profile, struct random *random)
{
    profile->rest_ppm = 500000;
    profile->log_rests_long_ppm = (uint32_t)PICK(random, 500000, 500000, 50000); /* both: little would be done */
    profile->bulk_rests_long_ppm = 550000 - profile->log_rests_long_ppm;
    profile->rest_machines = (profile->nodes - 1) / 2;
    profile->snapshot_every_bytes = 1024;
    profile->catchup_entries = 1;
    profile->snapshot_block_bytes = 256 << 10;
    profile->files = 2;
    profile->large_permille = 300;
    profile->value_max_bytes = 16 << 10;
    profile->segment_bytes = profile->segment_min_bytes = 64 << 10;
    profile->memory_max_bytes = 1 << 30;
    profile->window_bytes = 256 << 10;
    profile->bandwidth = 1 << 20;
    profile->delay_min_us = 100;
    profile->delay_max_us = 300;
    profile->drop_ppm = 0;
    profile->append_bytes = 64 << 10;
    profile->election_min_ms = 150;
    profile->election_max_ms = 300;
    profile->heartbeat_ms = 30;
    profile->command_timeout_ms = 5000;
    profile->disk_min_us = 20;
    profile->disk_max_us = 600;
    profile->fault_long_us = 1000000;
    profile->clients = 8;
    profile->depth = 8;
    profile->think_us = 60000;
    profile->write_weight = 100;
    profile->read_weight = profile->cas_weight = profile->delete_weight = 5;
    profile->expiry_permille = 0;
    /* Little else breaks, so that much is done between two crashes. */
    for (int i = 0; i < FAULT_KIND_COUNT; i++)
        profile->fault_weights[i] = i == FAULT_POWER_IN_IO || i == FAULT_KILL || i == FAULT_CUT;
    profile->fault_gap_us = 3000000;
    profile->power_delicate_ppm = 1000;
    profile->rest_ends_ppm = 100000;
}

/* More load than the log can take, one entry after the other: what waits must not grow without end. */
static void draw_overload(struct profile *profile)
{
    profile->overload = true;
    if (profile->faults_us > OVERLOAD_FAULTS_MAX_US)
        profile->faults_us = OVERLOAD_FAULTS_MAX_US;
    profile->command_timeout_ms = 500; /* in which little more than the smallest windows can be done */
    profile->append_bytes = 1;
    profile->inflight_count = 1;
    profile->delay_min_us = 1000;
    profile->delay_max_us = 10000;
    profile->disk_min_us = 1000;
    profile->disk_max_us = 30000;
    profile->window_max = 16384;
    profile->large_permille = 0;
    profile->clients = SIM_CLIENTS_MAX;
    profile->depth = 32;
    profile->think_us = 400000;
    profile->reader_permille = 0;
}

struct profile profile_draw(struct random *random, uint32_t nodes, uint64_t faults_s, bool strict)
{
    struct profile profile = {.keepalive_us = strict ? 0 : 2000000, .spares_form = !strict};
    profile.nodes = (uint32_t)PICK(random, 5, 5, 5, 5, 5, 5, 5, 3, 3, 1);
    profile.faults_us = random_between(random, 5, profile_chance(random, 100000) ? 120 : 30) * 1000000;
    if (nodes > 0)
        profile.nodes = nodes;
    if (faults_s > 0)
        profile.faults_us = faults_s * 1000000;
    draw_nodes(&profile, random);
    draw_world(&profile, random);
    draw_faults(&profile, random);
    draw_clients(&profile, random);
    if (profile_chance(random, 80000))
        draw_deposed_leaders(&profile, random);
    else if (profile_chance(random, 30000))
        draw_busy_disks(&profile, random);
    else if (profile_chance(random, 40000))
        draw_overload(&profile);
    profile.verb_permille = profile.overload ? 20 : (uint32_t)PICK(random, 20, 200, 600);
    profile.burst_permille = profile.overload ? 0 : (uint32_t)PICK(random, 0, 0, 0, 0, 5, 50);
    return profile;
}

void profile_text(const struct profile *profile, char text[PROFILE_TEXT_MAX])
{
    const struct {
        const char *key;
        uint64_t value;
    } items[] = {
        {"nodes", profile->nodes},
        {"clients", profile->clients},
        {"faults_us", profile->faults_us},
        {"election_ms", profile->election_min_ms},
        {"heartbeat_ms", profile->heartbeat_ms},
        {"command_timeout_ms", profile->command_timeout_ms},
        {"snapshot_every", profile->snapshot_every_bytes},
        {"value_max", profile->value_max_bytes},
        {"memory_max", profile->memory_max_bytes},
        {"repeats_max", profile->repeats_max},
        {"window_max", profile->window_max},
        {"catchup", profile->catchup_entries},
        {"agreement", profile->agreement_every},
        {"block", profile->snapshot_block_bytes},
        {"frame", profile->frame_bytes},
        {"append", profile->append_bytes},
        {"inflight", profile->inflight_count},
        {"segment", profile->segment_bytes},
        {"options_change_ppm", profile->options_change_ppm},
        {"drift_ppm", profile->drift_ppm},
        {"disk_max_us", profile->disk_max_us},
        {"rest_ppm", profile->rest_ppm},
        {"delay_min_us", profile->delay_min_us},
        {"delay_max_us", profile->delay_max_us},
        {"bandwidth", profile->bandwidth},
        {"window", profile->window_bytes},
        {"drop_ppm", profile->drop_ppm},
        {"repeat_ppm", profile->repeat_ppm},
        {"reorder_ppm", profile->reorder_ppm},
        {"late_us", profile->late_us},
        {"tear_ppm", profile->tear_ppm},
        {"spoil_ppm", profile->spoil_ppm},
        {"keepalive_us", profile->keepalive_us},
        {"spares_form", profile->spares_form},
        {"fault_gap_us", profile->fault_gap_us},
        {"fault_long_us", profile->fault_long_us},
        {"heal_majority", profile->heal_majority},
        {"files", profile->files},
        {"depth", profile->depth},
        {"think_us", profile->think_us},
        {"overload", profile->overload},
        {"large_permille", profile->large_permille},
        {"expiry_permille", profile->expiry_permille},
        {"verb_permille", profile->verb_permille},
        {"burst_permille", profile->burst_permille},
        {"break_permille", profile->break_permille},
    };
    size_t used = 0;
    for (size_t i = 0; i < sizeof items / sizeof items[0] && used < PROFILE_TEXT_MAX; i++)
        used += (size_t)snprintf(text + used, PROFILE_TEXT_MAX - used, "%s%s=%llu", i > 0 ? " " : "", items[i].key,
                                 (unsigned long long)items[i].value);
}
