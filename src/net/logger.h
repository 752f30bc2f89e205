/* Log lines on their way to stderr. Who reads them there may stop for any time: a pipe that nobody empties, a
 * terminal after Ctrl-S, a full disk. So a thread of its own writes them, and whoever has a line only puts it into a
 * bounded buffer; what finds no room is dropped and counted.
 *
 *      lines --> [ waiting, at most LOGGER_BYTES ] --> the thread --> write(2) --> stderr
 *
 * A descriptor that does not block would not do: a file cannot be made one, and with a pipe or terminal the flag is
 * that of everybody who has it open, our parent and the other nodes. Nor would it to ask beforehand (poll): others
 * write there too.
 *
 * When lines go on after some were lost, one stands in their place: "ts=... event=log_dropped count=N". */
#ifndef CLEAT_NET_LOGGER_H
#define CLEAT_NET_LOGGER_H

#include "base/buffer.h"
#include "base/log_events.h"

enum {
    LOGGER_BYTES = 256 * 1024,     /* of lines that wait */
    LOGGER_LAST_BYTES = 16 * 1024, /* beyond that, for those that say why the program ends */
    LOGGER_END_MS = 1000,          /* how long the end waits for a reader that takes nothing */
    LOGGER_END_MAX_MS = 5000,      /* ... and for one that is slow */
};

struct logger;

/* Lines go to FILE, which stays the caller's. The program ends where there can be no thread for it. */
struct logger *logger_open(int file);
/* Waits until all is written, as long as the limits above say. To be called last: whoever reads nothing until then
 * keeps the thread, and its memory, until the process is gone. LOGGER may be NULL. */
void logger_close(struct logger *logger);

/* Takes whole lines out of LINES, all that are there, and puts the wall clock's time before each. Never waits. */
void logger_write(struct logger *logger, struct buffer *lines);
/* A line "event=EVENT KEY=VALUE reason="REASON"". KEY or REASON NULL: without. */
void logger_event(struct logger *logger, enum log_event event, const char *key, const char *value, const char *reason);
/* The program is about to end: there is room for its last lines whatever waits. */
void logger_last(struct logger *logger);

#endif
