/* What a service manager is told: that the node is ready, what it waits for, that it ends. One datagram each, to the
 * socket that the environment's NOTIFY_SOCKET names; the format is that of sd_notify(3) of systemd. Nobody asks for it
 * mostly, and then nothing is done. */
#ifndef CLEAT_NET_NOTIFY_H
#define CLEAT_NET_NOTIFY_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { NOTIFY_REASON_MAX = 400 /* of what is longer no more is told */ };

struct notify {
    int file;                  /* -1: nobody wants to know */
    struct sockaddr_un address;
    socklen_t address_size;
    bool was_ready;            /* that it was ready for the first time has been told */
    bool ending;               /* that it ends has been told */
    bool told;                 /* `waits_for` has been told */
    char waits_for[NOTIFY_REASON_MAX]; /* as last told; empty: for nothing */
};

/* PATH: of the socket, absolute, or with an '@' first an abstract name; NULL: there is none. Returns NULL, or why there
 * is nobody to be told in spite of PATH: a line for people, in static memory. */
const char *notify_open(struct notify *notify, const char *path);
void notify_close(struct notify *notify);

/* Tells what differs from what was told last; if the receiver has no room for it now, the next call tries again.
 * WAITS_FOR is what node_unready says, or NULL. ENDING: a shutdown has begun. */
void notify_tell(struct notify *notify, const char *waits_for, bool ending);

#endif
