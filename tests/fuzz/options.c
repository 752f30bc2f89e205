/* Any command line, its words separated by line ends: it is refused with a reason of one line, or what comes of it
 * keeps what options.h and node.h promise. Any text as an address: what is looked up is a part of it. */
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "net/address.h"
#include "node/limits.h"
#include "options.h"

enum { WORDS_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* In place of libc's: no name leaves this program. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
    ensure(strlen(host) > 0 && strlen(port) > 0 && hints != NULL);
    *found = NULL;
    return EAI_NONAME;
}

/* What a cluster is formed of must come back from the disk. */
static void check_configuration(const struct node_options *node)
{
    struct raft_configuration configuration = {.cluster_id = 1, .count = node->peer_count}, decoded;
    struct buffer bytes = {0};
    memcpy(configuration.members, node->peers, sizeof node->peers);
    for (uint32_t i = 0; i < configuration.count; i++) {
        configuration.members[i].role = RAFT_VOTER;
        configuration.members[i].incarnation = 1; /* each node's own, when the cluster forms */
    }
    raft_configuration_encode(&configuration, &bytes);
    ensure(raft_configuration_decode(buffer_start(&bytes), buffer_size(&bytes), &decoded));
    buffer_close(&bytes);
}

static void check(const struct options *options)
{
    const struct node_options *node = &options->node;
    bool listed = false;
    if (options->help || options->version)
        return;
    ensure(options->clustered || (!options->identified && (options->alone || !options->service)));
    ensure(node->peer_count > 0 && node->peer_count <= RAFT_MEMBERS_MAX);
    for (uint32_t i = 0; i < node->peer_count; i++) {
        struct address address;
        ensure(i == 0 || node->peers[i].id > node->peers[i - 1].id);
        ensure(strlen(node->peers[i].address) <= RAFT_ADDRESS_MAX);
        listed |= node->peers[i].id == node->id;
        (void)address_numeric(node->peers[i].address, &address);
    }
    check_configuration(node);
    ensure(listed && node->id > 0);
    ensure(node->election_min_ms <= node->election_max_ms && node->heartbeat_ms * 2 <= node->election_min_ms);
    ensure(options->segment_bytes % 4096 == 0 && node->value_max_bytes <= options->segment_bytes / 4);
    ensure(node->value_max_bytes > 0 && node->value_max_bytes <= LIMIT_VALUE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    char *words[WORDS_MAX + 1] = {(char[]){"cleatd"}};
    int count = 1;
    ensure(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = '\0';
    struct address address;
    (void)address_numeric(text, &address);
    for (char *word = strtok(text, "\n"); word && count < WORDS_MAX; word = strtok(NULL, "\n"))
        words[count++] = word;
    struct options options;
    char reason[ARGUMENT_REASON_MAX] = "";
    optind = 0; /* begin anew */
    opterr = 0;
    if (options_parse(&options, count, words, reason))
        check(&options);
    else
        ensure(reason[0] != '\0' && strlen(reason) < sizeof reason);
    free(text);
    return 0;
}
