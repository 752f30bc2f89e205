#include "http/target.h"

#include <string.h>

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* TEXT up to END, with its escapes taken back. NULL, or why not: what it then holds is of no use. */
static const char *decode(const char *text, const char *end, bool plus_is_space, struct target_text *out)
{
    size_t size = 0;
    for (const char *at = text; at < end; at++) {
        int byte = (uint8_t)*at;
        if (*at == '%') {
            int high = end - at > 2 ? hex_digit(at[1]) : -1;
            int low = high >= 0 ? hex_digit(at[2]) : -1;
            if (low < 0)
                return "a % must be followed by two hexadecimal digits";
            byte = high * 16 + low;
            at += 2;
        } else if (plus_is_space && *at == '+') {
            byte = ' ';
        }
        if (byte == 0)
            return "a NUL byte is not allowed";
        if (size == REQUEST_NAME_MAX)
            return "names and parameters have at most 250 bytes";
        out->bytes[size++] = (char)byte;
    }
    out->bytes[size] = '\0';
    out->size = (uint8_t)size;
    out->given = true;
    return NULL;
}

static const char *parse_parameter(const char *text, const char *end, struct target *target)
{
    static const char *const names[PARAMETER_COUNT] = {
        [PARAMETER_TTL] = "ttl",       [PARAMETER_OP] = "op",         [PARAMETER_FROM] = "from",
        [PARAMETER_DELTA] = "delta",   [PARAMETER_STALE] = "stale",   [PARAMETER_PREFIX] = "prefix",
        [PARAMETER_AFTER] = "after",   [PARAMETER_LIMIT] = "limit",   [PARAMETER_DELIMITER] = "delimiter",
        [PARAMETER_FROM_VERSION] = "from_version",             [PARAMETER_LEVEL] = "level",
    };
    const char *equals = memchr(text, '=', (size_t)(end - text));
    size_t size = (size_t)((equals ? equals : end) - text);
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        struct target_text *parameter = &target->parameters[i];
        if (strlen(names[i]) != size || memcmp(names[i], text, size) != 0)
            continue;
        if (parameter->given)
            return "a parameter is there twice";
        return decode(equals ? equals + 1 : end, end, true, parameter);
    }
    return "there is no such parameter";
}

static const char *parse_query(const char *query, struct target *target)
{
    for (const char *at = query;;) {
        size_t size = strcspn(at, "&");
        const char *problem = size > 0 ? parse_parameter(at, at + size, target) : NULL;
        if (problem)
            return problem;
        if (at[size] == '\0')
            return NULL;
        at += size + 1;
    }
}

static enum route fixed_route(const char *path, size_t size)
{
    static const struct {
        const char *path;
        enum route route;
    } routes[] = {
        {"/files", ROUTE_LIST},      {"/files/", ROUTE_LIST},   {"/txn", ROUTE_TXN},       {"/status", ROUTE_STATUS},
        {"/metrics", ROUTE_METRICS}, {"/livez", ROUTE_LIVEZ},   {"/readyz", ROUTE_READYZ},
        {"/cluster", ROUTE_CLUSTER},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strlen(routes[i].path) == size && memcmp(routes[i].path, path, size) == 0)
            return routes[i].route;
    return ROUTE_NONE;
}

const char *target_parse(const char *text, struct target *target)
{
    static const char *const prefixes[] = {"/files/", "/upload/"};
    memset(target, 0, sizeof *target);
    size_t size = strcspn(text, "?");
    if (text[size] == '?') {
        const char *problem = parse_query(text + size + 1, target);
        if (problem)
            return problem;
    }
    target->route = fixed_route(text, size);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0] && target->route == ROUTE_NONE; i++) {
        size_t skipped = strlen(prefixes[i]);
        if (size < skipped || memcmp(text, prefixes[i], skipped) != 0)
            continue;
        const char *problem = decode(text + skipped, text + size, false, &target->name);
        if (problem)
            return problem;
        if (!request_name(target->name.bytes, target->name.size))
            return "a name has 1 to 250 bytes, none of them a space or control character";
        target->route = ROUTE_FILE;
    }
    return NULL;
}
