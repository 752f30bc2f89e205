/* From a node, which is complete in node.c alone, to its parts, with which it begins (handover.h). */
#ifndef CLEAT_NODE_WHOLE_H
#define CLEAT_NODE_WHOLE_H

struct node;
struct parts;

static inline struct parts *node_all(struct node *node)
{
    return (struct parts *)(void *)node;
}

static inline const struct parts *node_whole(const struct node *node)
{
    return (const struct parts *)(const void *)node;
}

#endif
