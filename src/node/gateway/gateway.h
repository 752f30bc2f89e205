/* The gateway: what clients of this node asked to be changed, numbered, until it is applied here.
 *
 *      first             sent                next
 *        |  at the leader  |  yet to be sent   |
 *      [ 7 ][ 8 ][ 9 ][ 10 ][ 11 ][ 12 ][ 13 ]
 *
 * A window of numbers 1, 2, 3, ... within one epoch (dissertation 6.3: an epoch makes commands of an earlier life
 * recognizable). A number is given once and never taken back: the command waits here, and goes to the leader again, in
 * order, after every change of leader, until this node applies it; the store sees to it that it is applied once.
 * After a timeout a skip takes its place.
 *
 * Under more load than the cluster can take, the window shrinks until what is in it is done in good time: commands that
 * are numbered shall succeed, and the others be refused while that is still certain to have no effect. When a command
 * took too long, or has waited for too long already, it shrinks to half of what is in it (once per window), and it
 * grows by what was done in time. */
#ifndef CLEAT_NODE_GATEWAY_H
#define CLEAT_NODE_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"
#include "store/store.h"

struct pending;

enum {
    GATEWAY_PATIENCE = 4,  /* a numbered command shall be done within this part of its timeout */
    GATEWAY_OVERHEAD = 64, /* bytes that a command counts beside its own */
};

struct gateway_slot {
    struct blob *command;    /* one reference */
    struct pending *pending; /* who waits for the outcome; NULL: no one any more */
    uint64_t numbered_ms;    /* when */
    uint64_t cost;           /* bytes that it counts, also when a skip has taken its place: it may be on its way */
};

struct gateway {
    uint32_t id;             /* the node's */
    uint64_t nonce;          /* of this opening */
    uint64_t epoch;          /* 0: not open yet */
    uint64_t first;          /* the lowest number that is not applied; all below are answered */
    uint64_t sent;           /* numbers below are with the leader of credit_term */
    uint64_t next;           /* the number to be given next */
    uint64_t credit_term;    /* the term whose leader takes our commands; 0: none yet */
    uint64_t open_asked_ms;  /* when the leader was asked for an epoch; 0: it is to be asked at once */
    uint64_t asked_term;     /* the newest term whose leader was asked for credit */
    bool writable;           /* the leader takes new commands; false: disks are full */
    uint64_t progress_ms;    /* when something last moved: after a while without, ask again */
    uint64_t count_max;      /* numbers in the window */
    uint64_t bytes;          /* of commands in the window, with their overhead */
    uint64_t allowed;        /* how many there may be now */
    uint64_t allowed_max;
    uint64_t shrunk_at;      /* the newest number when it last shrank */
    struct gateway_slot *slots; /* by number & mask */
    uint64_t mask;
};

void gateway_init(struct gateway *gateway, uint32_t id, uint64_t nonce, uint64_t window_max, uint64_t bytes_max);
/* Other limits from now on: what is above them stays, and nothing is added to it. */
void gateway_limit(struct gateway *gateway, uint64_t window_max, uint64_t bytes_max);
void gateway_close(struct gateway *gateway);

/* Forgets the window (its owners have been answered) and begins anew under NONCE. */
void gateway_reopen(struct gateway *gateway, uint64_t nonce);
/* Its open entry was applied at index EPOCH. */
void gateway_opened(struct gateway *gateway, uint64_t epoch);

/* The state has STATE of this gateway's id: opened by us just now, by an earlier life of ours, or by another with our
 * id; NULL: it has nothing. True: this opening is over. A later one has taken its place (the data directory was copied,
 * say), or the node was no member for a while and its windows were dropped. All in the window may or may not take
 * effect, and no one will tell: its owners are to be told so, and it is to be reopened. */
bool gateway_superseded(struct gateway *gateway, const struct store_gateway *state);

bool gateway_has_room(const struct gateway *gateway, size_t command_bytes);
/* Gives COMMAND (the gateway takes the caller's reference) the next number. */
uint64_t gateway_add(struct gateway *gateway, struct blob *command, struct pending *pending, uint64_t now_ms);
struct gateway_slot *gateway_slot(struct gateway *gateway, uint64_t number);
/* PENDING, which waits for NUMBER, is gone: no one waits for it any more. */
void gateway_forget(struct gateway *gateway, uint64_t number, const struct pending *pending);
/* The window's first number, if PAYLOAD is its command; 0: it is another's, or an older one. */
uint64_t gateway_next_in(const struct gateway *gateway, const struct blob *payload);
/* Number FIRST is applied: its slot is emptied, and its owner returned (or NULL). PATIENCE_MS: how long a command may
 * take before the window shrinks. */
struct pending *gateway_applied(struct gateway *gateway, uint64_t now_ms, uint64_t patience_ms);
/* The oldest command waits still: if longer than PATIENCE_MS, the window shrinks now. Nothing may be applied for a
 * while, and what is numbered meanwhile would wait as long again. */
void gateway_waits(struct gateway *gateway, uint64_t now_ms, uint64_t patience_ms);
/* A skip takes the place of the command NUMBER, which no one waits for any more. */
void gateway_skip(struct gateway *gateway, uint64_t number);
/* The leader of TERM has received all numbers up to RECEIVED: send from there on. */
void gateway_credit(struct gateway *gateway, uint64_t term, uint64_t received);

#endif
