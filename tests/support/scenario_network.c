#include "support/scenario_network.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"

void scenario_links(struct scenario_links *links, uint32_t nodes, char *const *words, uint32_t count)
{
    bool named[SCENARIO_NODES_MAX + 1] = {false};
    *links = (struct scenario_links){0};
    ensure(nodes <= SCENARIO_NODES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t from = 0;
        uint32_t to = 0;
        bool one_way = sscanf(words[i], "%u->%u", &from, &to) == 2;
        bool both_ways = !one_way && sscanf(words[i], "%u-%u", &from, &to) == 2;
        ensure(from <= nodes && to <= nodes);
        if (one_way || both_ways)
            links->chosen[from][to] = true;
        else
            named[strtoul(words[i], NULL, 10) % (SCENARIO_NODES_MAX + 1)] = true;
        if (both_ways)
            links->chosen[to][from] = true;
    }
    for (uint32_t from = 1; from <= nodes; from++) {
        for (uint32_t to = 1; to <= nodes; to++) {
            if (from != to && (count == 0 || (named[from] && named[to])))
                links->chosen[from][to] = true;
        }
    }
}

void scenario_letter_close(struct scenario_letter *letter)
{
    free(letter->bytes);
    free(letter);
}

void scenario_network_close(struct scenario_network *network)
{
    while (network->letters) {
        struct scenario_letter *next = network->letters->next;
        scenario_letter_close(network->letters);
        network->letters = next;
    }
}

void scenario_network_send(struct scenario_network *network, const struct raft_message *message)
{
    ensure(message->from <= SCENARIO_NODES_MAX && message->to <= SCENARIO_NODES_MAX);
    if (network->cut.chosen[message->from][message->to])
        return;
    struct chain chain = {0};
    raft_message_encode(message, &chain);
    struct scenario_letter *letter = memory_get(sizeof *letter);
    *letter = (struct scenario_letter){.from = message->from, .to = message->to, .size = chain.size};
    letter->bytes = memory_get(chain.size);
    chain_copy(&chain, letter->bytes, chain.size);
    chain_close(&chain);
    struct scenario_letter **end = &network->letters;
    while (*end)
        end = &(*end)->next;
    *end = letter;
}

const struct scenario_letter *scenario_network_find(struct scenario_network *network,
                                                    const struct scenario_links *links)
{
    for (const struct scenario_letter *letter = network->letters; letter; letter = letter->next) {
        if (links->chosen[letter->from][letter->to])
            return letter;
    }
    return NULL;
}

struct scenario_letter *scenario_network_take(struct scenario_network *network, const struct scenario_links *links,
                                              bool newest)
{
    struct scenario_letter **found = NULL;
    for (struct scenario_letter **at = &network->letters; *at && (newest || !found); at = &(*at)->next) {
        if (links->chosen[(*at)->from][(*at)->to])
            found = at;
    }
    if (!found)
        return NULL;
    struct scenario_letter *letter = *found;
    *found = letter->next;
    return letter;
}

void scenario_network_drop(struct scenario_network *network, const struct scenario_links *links)
{
    for (struct scenario_letter *letter = scenario_network_take(network, links, false); letter;
         letter = scenario_network_take(network, links, false))
        scenario_letter_close(letter);
}

void scenario_network_cut(struct scenario_network *network, const struct scenario_links *links, bool cut)
{
    for (uint32_t from = 0; from <= SCENARIO_NODES_MAX; from++) {
        for (uint32_t to = 0; to <= SCENARIO_NODES_MAX; to++) {
            if (links->chosen[from][to])
                network->cut.chosen[from][to] = cut;
        }
    }
    if (cut)
        scenario_network_drop(network, links);
}
