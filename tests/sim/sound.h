/* Whether a node's parts are sound, each as a whole and with each other: what ensure() cannot afford to look at on the
 * way of a command, for it takes as long as there are clients, commands and links. */
#ifndef CLEAT_TESTS_SIM_SOUND_H
#define CLEAT_TESTS_SIM_SOUND_H

#include "node/node.h"

/* After a turn of NODE. NULL, or what is wrong. */
const char *sound_turn(struct node *node);

#endif
