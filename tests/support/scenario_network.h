/* The messages of a scenario on their way, as bytes; and which links are cut. */
#ifndef CLEAT_TESTS_SUPPORT_SCENARIO_NETWORK_H
#define CLEAT_TESTS_SUPPORT_SCENARIO_NETWORK_H

#include "raft/message.h"

enum { SCENARIO_NODES_MAX = 9 };

struct scenario_letter {
    struct scenario_letter *next;
    uint32_t from;
    uint32_t to;
    uint8_t *bytes;
    size_t size;
};

/* A choice of links, by from and to. */
struct scenario_links {
    bool chosen[SCENARIO_NODES_MAX + 1][SCENARIO_NODES_MAX + 1];
};

struct scenario_network {
    struct scenario_letter *letters; /* the oldest first */
    struct scenario_links cut;
};

/* Chooses what COUNT words say: "A->B", "A-B", or nodes between which the links are; all links without a word. */
void scenario_links(struct scenario_links *links, uint32_t nodes, char *const *words, uint32_t count);

void scenario_network_close(struct scenario_network *network);
void scenario_network_send(struct scenario_network *network, const struct raft_message *message);
/* The oldest on LINKS, or NULL. */
const struct scenario_letter *scenario_network_find(struct scenario_network *network,
                                                    const struct scenario_links *links);
/* Takes the oldest or the newest on LINKS out; NULL where there is none. */
struct scenario_letter *scenario_network_take(struct scenario_network *network, const struct scenario_links *links,
                                              bool newest);
void scenario_network_drop(struct scenario_network *network, const struct scenario_links *links);
/* Cuts LINKS, with what is on its way there, or mends them. */
void scenario_network_cut(struct scenario_network *network, const struct scenario_links *links, bool cut);
void scenario_letter_close(struct scenario_letter *letter);

#endif
