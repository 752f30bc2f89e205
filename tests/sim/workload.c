#include <stdio.h>
#include <string.h>

#include "sim/change.h"
#include "sim/client.h"
#include "sim/world.h"

static struct operation other(enum other_kind kind)
{
    return (struct operation){.kind = OPERATION_OTHER, .expected = kind};
}

static enum operation_kind draw_kind(struct world *world)
{
    const struct profile *profile = &world->profile;
    uint32_t sum = profile->read_weight + profile->write_weight + profile->cas_weight + profile->delete_weight;
    uint64_t draw = world_between(world, 1, sum);
    if (draw <= profile->read_weight)
        return OPERATION_READ;
    draw -= profile->read_weight;
    if (draw <= profile->write_weight)
        return OPERATION_WRITE;
    draw -= profile->write_weight;
    return draw <= profile->cas_weight ? OPERATION_CAS : OPERATION_DELETE;
}

static size_t draw_size(struct world *world)
{
    const struct profile *profile = &world->profile;
    if (world_chance(world, profile->large_permille * 1000))
        return world_between(world, profile->value_max_bytes / 4, profile->value_max_bytes);
    return world_between(world, VALUE_SIZE_MIN, world_chance(world, 100000) ? 4000 : 200);
}

/* What is asked between the files' operations. */
static bool draw_other(struct world *world, struct operation *operation)
{
    if (world_chance(world, 1000))
        *operation = other(OTHER_NONSENSE);
    else if (world_chance(world, 20000))
        *operation = other((enum other_kind)world_between(world, OTHER_PING, OTHER_HELP));
    else
        return false;
    return true;
}

struct operation workload_next(struct world *world, struct client *client)
{
    struct operation operation = {0};
    if (draw_other(world, &operation))
        return operation;
    if (!client->reader && (client->again > 0 || world_chance(world, world->profile.verb_permille * 1000))) {
        operation = other(OTHER_VERB);
        operation.value_size = verbs_draw(world, client);
        return operation;
    }
    operation.kind = client->reader ? OPERATION_READ : draw_kind(world);
    operation.file = (uint32_t)world_between(world, 0, world->profile.files - 1);
    if (operation.kind == OPERATION_CAS) {
        uint64_t known = client->known[operation.file];
        operation.expected = world_chance(world, 150000) ? 0 : known;
        if (world_chance(world, 20000))
            operation.expected = known + world_between(world, 0, 3);
    }
    if (operation.kind == OPERATION_WRITE || operation.kind == OPERATION_CAS) {
        operation.value_size = draw_size(world);
        if (world_chance(world, world->profile.expiry_permille * 1000))
            operation.exptime_s = world_between(world, 1, 5);
    }
    return operation;
}

struct operation workload_probe(const struct world *world, const struct client *client)
{
    uint32_t own = world->profile.files + client->probed->id - 1;
    if (client->probe_step == 0)
        return (struct operation){.kind = OPERATION_WRITE, .file = own, .value_size = 64};
    uint32_t file = client->probe_step == 1 ? own : client->probe_step - 2;
    return (struct operation){.kind = OPERATION_READ, .file = file};
}

/* Most names are short; some are as long as names can be. */
void workload_name(struct buffer *out, uint32_t file)
{
    char name[251];
    int length = snprintf(name, sizeof name, "f%u", file);
    if (file % 4 == 3) {
        memset(name + length, 'x', 250 - (size_t)length);
        length = 250;
    }
    buffer_append(out, name, (size_t)length);
}

static void append_other(struct buffer *out, enum other_kind kind)
{
    static const char *const lines[] = {"ping", "status", "version", "help", "quit", "frobnicate the cluster"};
    buffer_append_text(out, lines[kind]);
}

/* A change as it was drawn; its NAME and CONTENTS are in the request's text. */
static uint64_t digest_of(const struct operation *operation, const uint8_t *name, size_t name_size,
                          const uint8_t *contents)
{
    static const enum command_kind kinds[] = {
        [OPERATION_WRITE] = COMMAND_WRITE, [OPERATION_CAS] = COMMAND_CAS, [OPERATION_DELETE] = COMMAND_DELETE};
    struct change change = {.kind = kinds[operation->kind], .name = name, .name_size = name_size,
                            .exact = operation->kind == OPERATION_CAS, .version = operation->expected,
                            .contents = contents, .contents_size = contents ? operation->value_size : 0,
                            .exptime_s = operation->exptime_s};
    struct asked asked = {.changes = &change, .count = 1};
    return asked_digest(&asked);
}

uint64_t workload_text(struct world *world, const struct operation *operation, uint64_t id, struct buffer *out)
{
    static const char *const verbs[] = {"read ", "write ", "cas ", "delete ", ""};
    const char *end = world_chance(world, 200000) ? "\n" : "\r\n";
    buffer_append_text(out, verbs[operation->kind]);
    size_t name_at = buffer_size(out), contents_at = 0;
    if (operation->kind == OPERATION_OTHER)
        append_other(out, (enum other_kind)operation->expected);
    else
        workload_name(out, operation->file);
    size_t name_size = buffer_size(out) - name_at;
    if (operation->kind == OPERATION_CAS) {
        buffer_append_text(out, " ");
        buffer_append_number(out, operation->expected);
    }
    bool writes = operation->kind == OPERATION_WRITE || operation->kind == OPERATION_CAS;
    if (writes) {
        buffer_append_text(out, " ");
        buffer_append_number(out, operation->value_size);
        if (operation->exptime_s > 0 || world_chance(world, 200000)) {
            buffer_append_text(out, " ");
            buffer_append_number(out, operation->exptime_s);
        }
        buffer_append_text(out, end);
        contents_at = buffer_size(out);
        value_write(out, id, operation->value_size);
    }
    buffer_append_text(out, end);
    if (!writes && operation->kind != OPERATION_DELETE)
        return 0;
    const uint8_t *start = buffer_start(out);
    return digest_of(operation, start + name_at, name_size, writes ? start + contents_at : NULL);
}
