#include "sim/patience.h"

#include <string.h>

#include "sim/world.h"

enum { SETBACKS_MAX = 10 }; /* four times what was ever seen of leaders that learn */

void patience_begin(struct world *world)
{
    memset(&world->patience, 0, sizeof world->patience);
}

static void check_leader(struct world *world, uint32_t leader)
{
    const struct machine *machine = &world->machines[leader];
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        struct raft_peer_view view;
        if (i == leader || !raft_peer(node_raft(machine->node), i + 1, &view))
            continue;
        bool back = world->patience.of[leader][i].state == RAFT_PEER_REPLICATE && view.state == RAFT_PEER_PROBE &&
                    world->patience.of[leader][i].match <= view.match;
        world->patience.of[leader][i].state = view.state;
        world->patience.of[leader][i].match = view.match;
        world->patience.of[leader][i].setbacks += back;
        if (world->patience.of[leader][i].setbacks > SETBACKS_MAX)
            world_fail(world, "%s sends the same to %s again and again", machine->name, world->machines[i].name);
    }
}

void patience_check(struct world *world)
{
    for (uint32_t i = 0; i < world->profile.nodes; i++) {
        const struct machine *machine = &world->machines[i];
        if (machine_up(machine) && raft_role(node_raft(machine->node)) == RAFT_LEADER)
            check_leader(world, i);
    }
}
