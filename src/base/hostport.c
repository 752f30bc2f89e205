#include "base/hostport.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

static const char form_reason[] = "HOST:PORT is what is wanted";

/* It goes into log lines and to the resolver. */
static bool host_valid(const char *host, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (host[i] <= ' ' || host[i] > '~' || host[i] == '[' || host[i] == ']')
            return false;
    return true;
}

static bool port_valid(const char *port, size_t size)
{
    unsigned number = 0;
    if (size == 0 || size > HOSTPORT_PORT_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (port[i] < '0' || port[i] > '9')
            return false;
        number = number * 10 + (unsigned)(port[i] - '0');
    }
    return number > 0 && number <= 65535;
}

static bool is_ipv6(const char *text, size_t size)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    const char *zone = memchr(text, '%', size);
    if (zone)
        size = (size_t)(zone - text);
    if (size >= sizeof copy || memchr(text, '\0', size))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* An IPv6 address without its brackets, with a port behind it or not. */
static bool lacks_brackets(const char *text, size_t size)
{
    const char *last = memrchr(text, ':', size);
    return is_ipv6(text, size) || (last && is_ipv6(text, (size_t)(last - text)));
}

const char *hostport_split(struct hostport *parts, const char *text, size_t size)
{
    const char *end = text + size;
    bool bracketed = size > 0 && text[0] == '[';
    const char *host = text + bracketed;
    const char *stop = memchr(host, bracketed ? ']' : ':', (size_t)(end - host));
    if (bracketed && !stop)
        return form_reason;
    const char *rest = stop ? stop + bracketed : end;
    if (!bracketed && lacks_brackets(text, size))
        return "an IPv6 address goes in brackets: [::1]:8080";
    *parts = (struct hostport){.host = host, .host_size = (size_t)((stop ? stop : end) - host), .port = end};
    if (parts->host_size == 0)
        return form_reason;
    if (parts->host_size > HOSTPORT_HOST_MAX)
        return "a host has at most 255 characters";
    if (!host_valid(parts->host, parts->host_size))
        return "a host has no spaces, no brackets, and nothing that cannot be printed";
    if (rest == end)
        return NULL;
    if (*rest != ':')
        return form_reason;
    parts->port = rest + 1;
    parts->port_size = (size_t)(end - parts->port);
    return port_valid(parts->port, parts->port_size) ? NULL : "a PORT is a number from 1 to 65535";
}

const char *hostport_split_whole(struct hostport *parts, const char *text, size_t size)
{
    const char *problem = hostport_split(parts, text, size);
    return problem || parts->port_size > 0 ? problem : form_reason;
}
