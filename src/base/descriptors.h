/* Descriptors 0 to 2, of which a caller may have closed any. What is opened next gets the lowest number that is free:
 * a log segment as descriptor 2 would take in the log lines, a connection as 1 what is meant for stdout. */
#ifndef CLEAT_BASE_DESCRIPTORS_H
#define CLEAT_BASE_DESCRIPTORS_H

/* Opens those of the three that are closed, to no file that matters; before anything else is opened. To read or write
 * there goes on to fail as on a closed one, so that nobody takes what was never written for written. Returns NULL, or
 * errno's text where that cannot be done: the program must not go on then. */
const char *descriptors_fill(void);

#endif
