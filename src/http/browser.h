/* What must not come from a browser without its user knowing. A web page of anyone can make a browser send requests to
 * this machine; it cannot choose these headers, and it cannot read an answer that comes without leave (no CORS headers
 * are ever sent). Pure.
 *
 *   - A page whose name is made to point here (DNS rebinding) reads answers as its own: so Host must be an address, or
 *     a name that is known to mean this node.
 *   - A page may send a POST blindly: so a change with an Origin or a Sec-Fetch-Site that is foreign is refused, and a
 *     browser (they all call themselves Mozilla) must send an Origin with a POST, or a method or type of contents that
 *     a page has no leave for. */
#ifndef CLEAT_HTTP_BROWSER_H
#define CLEAT_HTTP_BROWSER_H

#include <stdbool.h>
#include <stddef.h>

/* NAMES: host names without port, separated by commas or spaces, that mean this node beside localhost, addresses and
 * names without a dot (which no one can register); or NULL. True if HOST, "name[:port]", is one of these. */
bool browser_host_known(const char *host, const char *names);

/* What browsers send of themselves; NULL: not there. */
struct browser_headers {
    const char *host;
    const char *origin;
    const char *sec_fetch_site;
    const char *user_agent;
    const char *content_type;
};

/* Whether a change by METHOD with HEADERS cannot have been sent by a foreign page. */
bool browser_may_change(const char *method, const struct browser_headers *headers);

#endif
