#include "sim/ambush.h"

#include "node/peers/frame.h"
#include "raft/message.h"
#include "sim/faults.h"
#include "sim/machine.h"
#include "sim/world.h"

/* The first byte of a Raft message is its type (raft/message.c). */
enum { MESSAGE_TYPE_AT = FRAME_HEADER_SIZE };

static const char *const blow_names[BLOW_COUNT] = {
    [BLOW_KILL_SENDER] = "kills its sender",     [BLOW_KILL_RECEIVER] = "kills its receiver",
    [BLOW_POWER_SENDER] = "takes power from its sender", [BLOW_POWER_RECEIVER] = "takes power from its receiver",
    [BLOW_PAUSE_SENDER] = "pauses its sender",   [BLOW_PAUSE_RECEIVER] = "pauses its receiver",
    [BLOW_REBEAR_SENDER] = "kills its sender, which is back at once",
    [BLOW_HOLD] = "is held back",
    [BLOW_STALL_RECEIVER] = "stalls its receiver's disk", [BLOW_PART_SENDER] = "cuts its sender off",
};

/* What is asked by a node that must not take an answer for one to its next life. */
static void lay_for_question(struct world *world)
{
    static const uint8_t messages[] = {RAFT_READ, RAFT_READ, RAFT_READ, RAFT_READ, RAFT_PREVOTE, RAFT_VOTE};
    static const uint8_t frames[] = {FRAME_OPEN, FRAME_FORWARD, FRAME_OFFER, FRAME_CHUNK};
    struct ambush *ambush = &world->ambush;
    ambush->frame = FRAME_RAFT;
    ambush->message = messages[world_between(world, 0, sizeof messages - 1)];
    if (world_chance(world, 300000))
        ambush->frame = frames[world_between(world, 0, sizeof frames - 1)];
    ambush->left = world_between(world, 1, 3);
    ambush->again = (uint32_t)world_between(world, 1, 4);
}

void ambush_lay(struct world *world)
{
    struct ambush *ambush = &world->ambush;
    static const uint8_t rare[] = {
        FRAME_FORM, FRAME_OPEN, FRAME_FORWARD, FRAME_CREDIT, FRAME_OFFER, FRAME_CHUNK, FRAME_TAKEN,
    };
    ambush->holding = 0;
    ambush->frame = FRAME_RAFT;
    ambush->message = (uint8_t)world_between(world, RAFT_PREVOTE, RAFT_MESSAGE_TYPE_END - 1);
    if (world_chance(world, 300000))
        ambush->frame = rare[world_between(world, 0, sizeof rare - 1)];
    ambush->left = world_between(world, 1, world_chance(world, 500000) ? 3 : 30);
    ambush->blow = (enum ambush_blow)world_between(world, 0, BLOW_COUNT - 1);
    ambush->only_from = ambush->again = 0;
    if (ambush->blow == BLOW_REBEAR_SENDER)
        lay_for_question(world);
}

void ambush_lay_again(struct world *world, uint32_t id)
{
    struct ambush *ambush = &world->ambush;
    if (ambush->again == 0)
        return;
    ambush->again--;
    ambush->only_from = id;
    ambush->left = world_between(world, 1, 2);
}

static uint64_t held_us(struct world *world)
{
    return world_between(world, 500, 10000) * world->profile.election_min_ms;
}

uint64_t ambush_frame(struct world *world, struct machine *from, struct machine *to, const uint8_t *bytes)
{
    struct ambush *ambush = &world->ambush;
    if ((ambush->left == 0 && ambush->holding == 0) || bytes[4] != ambush->frame || world->phase != PHASE_FAULTS)
        return 0;
    if (ambush->frame == FRAME_RAFT && bytes[MESSAGE_TYPE_AT] != ambush->message)
        return 0;
    if (ambush->only_from != 0 && from->id != ambush->only_from)
        return 0;
    if (ambush->left == 0) {
        ambush->holding--;
        return held_us(world);
    }
    if (--ambush->left > 0)
        return 0;
    bool sender = ambush->blow == BLOW_KILL_SENDER || ambush->blow == BLOW_POWER_SENDER ||
                  ambush->blow == BLOW_PAUSE_SENDER || ambush->blow == BLOW_PART_SENDER ||
                  ambush->blow == BLOW_REBEAR_SENDER;
    struct machine *victim = sender ? from : to;
    story_tell(&world->story, 1, from->name, "an ambush: frame %u, message %u to %s %s", ambush->frame, ambush->message,
               to->name, blow_names[ambush->blow]);
    if (ambush->blow == BLOW_REBEAR_SENDER)
        network_make_late(world, to, from, world_between(world, 2, 15) * world->profile.election_min_ms * 100);
    if (ambush->blow == BLOW_HOLD) {
        ambush->holding = world_between(world, 0, 6);
        return held_us(world);
    }
    /* Not at once: the sender is in the middle of its turn. */
    struct event event = {.kind = EVENT_AMBUSH, .machine = victim, .life = victim->life, .size = ambush->blow};
    world_plan(world, world_between(world, 0, 30), &event);
    return 0;
}
