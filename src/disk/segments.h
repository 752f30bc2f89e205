/* Which WAL segments hold the log, oldest first: the one thing that both threads change, under a lock. The WAL thread
 * adds a segment when its first batch is durable; the bulk thread takes off those that are not needed any longer. */
#ifndef CLEAT_DISK_SEGMENTS_H
#define CLEAT_DISK_SEGMENTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segments_item {
    uint64_t sequence;
    uint64_t base_index; /* the log's last index before this segment */
    uint64_t bytes;
};

struct segments {
    pthread_mutex_t lock;
    struct segments_item *items;
    size_t count;
    size_t capacity;
};

void segments_init(struct segments *segments);
void segments_close(struct segments *segments);
/* SEQUENCE is higher than all before. */
void segments_add(struct segments *segments, struct segments_item item);
/* The oldest segment, if the ones after it hold all entries above INDEX. */
bool segments_oldest_before(struct segments *segments, uint64_t index, struct segments_item *item);
/* Takes off the oldest one. */
void segments_drop_oldest(struct segments *segments);

#endif
