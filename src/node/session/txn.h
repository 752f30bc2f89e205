/* A transaction of a client while its lines come in: they are put together, and become one command at `commit`. The
 * first line that is wrong spoils it: the rest is read and dropped, and `commit` is answered with what was wrong. */
#ifndef CLEAT_NODE_TXN_H
#define CLEAT_NODE_TXN_H

#include <stddef.h>

#include "protocol/request.h"

struct session;
struct node_client;

/* A line while a transaction is under way, or `txn` itself. Contents that follow it are wanted at contents_to. */
void txn_line(struct session *session, struct node_client *client, const struct request *request);
/* SIZE bytes of a line's contents came and count as held; or did not fit. */
void txn_contents(struct node_client *client, size_t size);
void txn_contents_refused(struct node_client *client);
/* The transaction under way, if any, is forgotten. */
void txn_free(struct session *session, struct node_client *client);

#endif
