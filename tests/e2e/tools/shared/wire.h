/* A client's connection to one node: text out, parsed replies in. For the tools of the end-to-end tests.
 *
 * Everything waits in poll(), outside: wire_step does what can be done without waiting. */
#ifndef CLEAT_TESTS_E2E_WIRE_H
#define CLEAT_TESTS_E2E_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct wire {
    int socket;         /* -1: closed */
    struct buffer in;
    struct buffer out;  /* what the node has not taken yet */
};

enum wire_code {
    WIRE_OK,            /* OK; version is 0 where none came */
    WIRE_CONTENTS,
    WIRE_NOT_FOUND,     /* ERR_FILE_NOT_FOUND */
    WIRE_MISMATCH,      /* ERR_VERSION */
    WIRE_TIMEOUT,       /* ERR_TIMEOUT: may yet take effect */
    WIRE_REFUSED,       /* any other ERR_...: no effect */
};

struct wire_reply {
    enum wire_code code;
    uint64_t version;
    uint64_t exptime_s;
    const uint8_t *value; /* borrowed from the wire until its next step */
    size_t value_size;
    char line[512];       /* the reply's first line, for people */
};

/* Connects to PORT of this machine; false where nobody listens. */
bool wire_open(struct wire *wire, uint16_t port);
void wire_close(struct wire *wire);
/* Appends to what will be sent. */
void wire_text(struct wire *wire, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What to wait for in poll(). */
short wire_events(const struct wire *wire);
/* Sends and receives what can be. False when the connection is broken or closed by the node (what came before is there
 * to be read). */
bool wire_step(struct wire *wire);
/* Takes the next reply: 1, or 0 if it is not complete, -1 if it is no reply at all. */
int wire_reply(struct wire *wire, struct wire_reply *reply);
/* Sends what was appended and waits for one reply. False: broken, or none within TIMEOUT_MS. */
bool wire_ask(struct wire *wire, struct wire_reply *reply, int timeout_ms);

/* "8080,8081" to PORTS; returns how many there are, and ends the program if they are none. */
enum { WIRE_PORTS_MAX = 64 };
size_t wire_ports(const char *list, uint16_t ports[WIRE_PORTS_MAX]);

uint64_t wire_now_ms(void);

/* Says why on stderr, and exits with 1. */
_Noreturn void wire_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
