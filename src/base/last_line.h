/* The one line that says why the program ends at once, of whatever layer finds it out. */
#ifndef CLEAT_BASE_LAST_LINE_H
#define CLEAT_BASE_LAST_LINE_H

/* Writes to stderr what printf would, at most LAST_LINE_MAX bytes of it; FORMAT ends in a line end. Asks for no
 * memory and takes no lock that another thread may hold. Where nobody takes the line for a second, it is not said: to
 * end is worth more. */
enum { LAST_LINE_MAX = 1024 };
__attribute__((format(printf, 1, 2))) void last_line(const char *format, ...);

#endif
