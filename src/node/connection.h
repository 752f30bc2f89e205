/* What a driver's side of a client's connection begins with where a program has several kinds of them (text and HTTP):
 * so each is told of its own output. The node itself never looks into it. */
#ifndef CLEAT_NODE_CONNECTION_H
#define CLEAT_NODE_CONNECTION_H

struct connection {
    /* What node_next_output says of its client: there may be output, or reading or ending may have changed. The
     * connection may be gone afterwards. */
    void (*flush)(struct connection *connection);
};

#endif
