/* A client's bytes to pending commands: lines, contents, and what is refused before it is taken. */
#ifndef CLEAT_NODE_PARSE_H
#define CLEAT_NODE_PARSE_H

#include <stddef.h>
#include <stdint.h>

struct session;
struct node_client;

/* Takes all of BYTES, which came from CLIENT, and parses as much of it as limits let it. */
void client_bytes(struct session *session, struct node_client *client, const uint8_t *bytes, size_t size);
/* Parses as much of the client's input as limits let it. */
void client_parse(struct session *session, struct node_client *client);

#endif
