/* An ambush: something happens to the sender or the receiver of the N-th message of a kind, just as it has left. Most
 * bugs of consensus need a crash or a cut between two certain messages; chance alone finds such moments seldom. */
#ifndef CLEAT_TESTS_SIM_AMBUSH_H
#define CLEAT_TESTS_SIM_AMBUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/events.h"

struct world;

enum ambush_blow {
    BLOW_KILL_SENDER,
    BLOW_KILL_RECEIVER,
    BLOW_POWER_SENDER,
    BLOW_POWER_RECEIVER,
    BLOW_PAUSE_SENDER,
    BLOW_PAUSE_RECEIVER,
    BLOW_STALL_RECEIVER, /* its disk */
    BLOW_PART_SENDER,    /* a partition around it */
    BLOW_REBEAR_SENDER,  /* its process is killed, and another begins at once, with all its connections; meanwhile what
                            others answer to whom it asked is late: so what it asked is answered in its next life */
    BLOW_HOLD,           /* this message, and some that follow, come some election timeouts later than they should */
    BLOW_COUNT,
};

struct ambush {
    uint64_t left;          /* until the message; 0: none is laid */
    uint8_t frame;          /* enum frame_type */
    uint8_t message;        /* of FRAME_RAFT: enum raft_message_type */
    enum ambush_blow blow;
    uint32_t only_from;     /* a machine's id; 0: whoever sends it */
    uint32_t again;         /* BLOW_REBEAR_SENDER: in so many more lives of the same machine */
    uint64_t holding;       /* BLOW_HOLD has struck: so many more are held */
};

/* Lays one, in place of what was laid before. */
void ambush_lay(struct world *world);
/* Lays one as the last was, for the machine ID, which has just been born again. */
void ambush_lay_again(struct world *world, uint32_t id);
/* A frame leaves FROM for TO. Returns how much later it is to arrive, in us. */
uint64_t ambush_frame(struct world *world, struct machine *from, struct machine *to, const uint8_t *bytes);

#endif
