#include "http/browser.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { HOST_MAX = 255 };

/* HOST without its port and the brackets of an IPv6 address, as a string. False: it is none. */
static bool host_name(const char *host, char name[HOST_MAX + 1])
{
    bool bracketed = host[0] == '[';
    host += bracketed;
    size_t size = strcspn(host, bracketed ? "]" : ":");
    const char *rest = host + size;
    if (bracketed && *rest++ != ']')
        return false;
    if (rest[0] == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (*rest != '\0' || size == 0 || size > HOST_MAX)
        return false;
    memcpy(name, host, size);
    name[size] = '\0';
    return true;
}

static bool ends_in(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcasecmp(text + size - end_size, end) == 0;
}

static bool listed(const char *name, const char *names)
{
    size_t size = strlen(name);
    while (names && *names) {
        names += strspn(names, ", ");
        size_t length = strcspn(names, ", ");
        if (length == size && strncasecmp(names, name, size) == 0)
            return true;
        names += length;
    }
    return false;
}

bool browser_host_known(const char *host, const char *names)
{
    char name[HOST_MAX + 1];
    struct in6_addr address;
    if (!host_name(host, name))
        return false;
    if (inet_pton(host[0] == '[' ? AF_INET6 : AF_INET, name, &address) == 1)
        return true;
    if (host[0] == '[')
        return false;
    return !strchr(name, '.') || ends_in(name, ".localhost") || listed(name, names);
}

/* ORIGIN is "scheme://host[:port]", or "null" (RFC 6454 section 7). */
static bool same_origin(const char *origin, const char *host)
{
    const char *named = strstr(origin, "://");
    return host && named && strcasecmp(named + strlen("://"), host) == 0;
}

/* A form of any page can send these (Fetch standard, CORS-safelisted request-header). */
static bool form_type(const char *type)
{
    static const char *const types[] = {"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncasecmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

bool browser_may_change(const char *method, const struct browser_headers *headers)
{
    if (headers->sec_fetch_site && strcmp(headers->sec_fetch_site, "same-origin") != 0 &&
        strcmp(headers->sec_fetch_site, "none") != 0)
        return false;
    if (headers->origin)
        return same_origin(headers->origin, headers->host);
    if (strcmp(method, "POST") != 0)
        return true; /* a browser asks for leave first, and gets none */
    bool browser = headers->user_agent && strncmp(headers->user_agent, "Mozilla/", strlen("Mozilla/")) == 0;
    return !browser || (headers->content_type && !form_type(headers->content_type));
}
