/* A request's header, as the HTTP library parsed it, to struct fields; and the check that everyone in between will have
 * parsed it the same way (RELIABILITY: request smuggling).
 *
 * The library is lenient: it takes a bare LF for a line's end, joins folded lines, takes spaces before a colon and
 * between the words of the first line, and of several fields with one name the first. It parses in place, so where it
 * says that the parts of the header lie shows what was between them, and that must be exactly:
 *
 *      METHOD SP TARGET SP VERSION CR LF *( NAME ":" SP VALUE CR LF )
 *
 * What is told to lie elsewhere was put together by the library from several lines. */
#ifndef CLEAT_HTTP_HEADER_H
#define CLEAT_HTTP_HEADER_H

#include <microhttpd.h>

#include "http/plan.h"

/* Where the target was, and how long, before the library changed it. */
struct header_place {
    const char *target;
    size_t target_size;
};

/* FIELDS' strings are the library's, and last as long as the request; target stays the caller's. NULL, or why the
 * header is refused: then the connection is to be closed. */
const char *header_read(struct MHD_Connection *connection, const struct header_place *place, const char *method,
                        const char *version, struct fields *fields);

#endif
