/* Conversations between rafts, told line by line: a command, and what came of it.
 *
 *      nodes N [BYTES [HOLD]]  N nodes 1.., formed, with durable logs of one entry; BYTES in a message at most; with
 *                              HOLD messages under way a few entries wait
 *      patient                 from now on nobody waits for what is committed (at first somebody does on every node)
 *      timeout N               the election timeout of N passes
 *      elect N                 the same, and all messages arrive, but only the end is told
 *      pass MS [N...]          so much time passes, for all or for these
 *      deliver [WHICH] [COUNT] messages arrive, in the order in which they were sent, and what is sent in answer too
 *      repeat A->B             the oldest message from A to B arrives, and will arrive once more
 *      overtake A->B           the newest message from A to B arrives
 *      drop [WHICH]            messages are lost
 *      cut LINK...             what is sent there is lost from now on; mend [LINK...] ends it
 *      waiting                 the messages on their way
 *      down A B, up A B        A is told that its link to B closed, or is there
 *      slow N, fast N          the disk of N waits for `sync N`; or syncs at once, as at first
 *      sync N                  what N is writing is durable
 *      propose N TEXT          N is asked to append TEXT
 *      read N ID               a read on N
 *      transfer N [TO]         N is asked to hand over; stepdown N: to stop leading
 *      snapshot N [KEEP]       N snapshots what it applied, and keeps so many entries before it
 *      install A->B            A's snapshot reaches B; lose A->B: it does not
 *      crash N [STEPS]         N dies: of what it is writing so many steps reached the disk. The others see it
 *      restart N, wipe N       it starts again, from its disk, with its links; it gets an empty disk
 *      copy N, putback N       what N's disk holds is kept aside; N, which is down, gets that disk back
 *      show [N...]             how they are; peers N: what leader N knows of the others
 *
 * `quietly` before a command keeps what came of it untold. WHICH is nothing for all, or A->B, or A-B, or several nodes
 * between which the messages are. An entry is written as index@term. */
#ifndef CLEAT_TESTS_SUPPORT_SCENARIO_H
#define CLEAT_TESTS_SUPPORT_SCENARIO_H

#include "base/buffer.h"

struct scenario;

struct scenario *scenario_open(void);
void scenario_close(struct scenario *scenario);

/* Does what LINE says; what came of it is appended to OUT, in lines that begin with two spaces. */
void scenario_run(struct scenario *scenario, const char *line, struct buffer *out);

#endif
