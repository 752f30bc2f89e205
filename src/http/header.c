#include "http/header.h"

#include <string.h>
#include <strings.h>

#include "protocol/request.h"

/* The walk over a header's fields. */
struct walk {
    struct fields *fields;
    uintptr_t expected;        /* where the next name begins */
    const char *end;           /* of what the last line says */
    const char *content_length;
    const char *transfer_encoding;
    const char *problem;
};

static const char malformed[] = "the header is not written strictly: one space after a colon, CRLF after each line";

/* A token (RFC 9110 section 5.6.2). */
static bool is_token(const char *name, size_t size)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return size > 0;
}

/* No control characters but tabs, and no space at the end. */
static bool is_value(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (((uint8_t)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
            return false;
    return size == 0 || (value[size - 1] != ' ' && value[size - 1] != '\t');
}

/* Where a header's value is kept; NULL: it means nothing here. */
static const char **slot(struct walk *walk, const char *name, size_t size)
{
    struct fields *fields = walk->fields;
    const struct {
        const char *name;
        const char **value;
    } slots[] = {
        {"Host", &fields->browser.host},
        {"Content-Length", &walk->content_length},
        {"Transfer-Encoding", &walk->transfer_encoding},
        {"User-Agent", &fields->browser.user_agent},
        {"Content-Type", &fields->browser.content_type},
        {"Origin", &fields->browser.origin},
        {"Sec-Fetch-Site", &fields->browser.sec_fetch_site},
        {"If-Match", &fields->if_match},
        {"If-None-Match", &fields->if_none_match},
        {"Range", &fields->range},
        {"If-Range", &fields->if_range},
        {"Idempotency-Key", &fields->idempotency_key},
        {"Content-Range", &fields->content_range},
        {"Content-Encoding", &fields->content_encoding},
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
        if (strlen(slots[i].name) == size && strncasecmp(slots[i].name, name, size) == 0)
            return slots[i].value;
    return NULL;
}

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                const char *value, size_t value_size)
{
    struct walk *walk = context;
    (void)kind;
    if (!value) {
        walk->problem = malformed;
        return MHD_NO;
    }
    uintptr_t value_at = (uintptr_t)name + name_size + strlen(": ");
    if (!is_token(name, name_size) || !is_value(value, value_size) || (uintptr_t)name != walk->expected ||
        (uintptr_t)value != value_at) {
        walk->problem = malformed;
        return MHD_NO;
    }
    walk->end = value + value_size;
    walk->expected = value_at + value_size + strlen("\r\n");
    const char **kept = slot(walk, name, name_size);
    if (kept && *kept)
        walk->problem = "a header field that may be there once is there twice";
    if (kept)
        *kept = value;
    return walk->problem ? MHD_NO : MHD_YES;
}

/* Whether two CRLF are behind END, where the last line's text ends: the library has put zeros over their bytes, in a
 * buffer that goes on. Without one of them another byte comes too early: the next request's, or what is behind a zero
 * within the line. */
static bool ends_strictly(const char *end)
{
    static const char zeros[4];
    return memcmp(end, zeros, sizeof zeros) == 0;
}

/* How long the body is. NULL, or why that is not clear (RFC 9112 section 6.3). */
static const char *read_length(const struct walk *walk, struct fields *fields)
{
    const char *length = walk->content_length, *encoding = walk->transfer_encoding;
    if (length && encoding)
        return "Content-Length and Transfer-Encoding do not go together";
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return "the only Transfer-Encoding here is chunked";
    if (length && !request_number(length, strlen(length), &fields->length))
        return "Content-Length is a decimal number";
    fields->has_length = length != NULL;
    fields->chunked = encoding != NULL;
    return NULL;
}

const char *header_read(struct MHD_Connection *connection, const struct header_place *place, const char *method,
                        const char *version, struct fields *fields)
{
    struct walk walk = {.fields = fields};
    uintptr_t target = (uintptr_t)method + strlen(method) + 1;
    fields->method = method;
    if (!place->target || (uintptr_t)place->target != target || strpbrk(fields->target, " \t") ||
        (uintptr_t)version != target + place->target_size + 1)
        return malformed;
    walk.end = version + strlen(version);
    walk.expected = (uintptr_t)walk.end + strlen("\r\n");
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_field, &walk);
    if (walk.problem)
        return walk.problem;
    if (!ends_strictly(walk.end))
        return malformed;
    /* A later minor version is spoken to as 1.1 (RFC 9110 section 2.5). */
    static const char major[] = "HTTP/1.";
    const char *minor = version + sizeof major - 1;
    if (strncmp(version, major, sizeof major - 1) != 0 || *minor < '0' || *minor > '9' || minor[1] != '\0')
        return "the version is none that is spoken here";
    if (!fields->browser.host && *minor != '0')
        return "HTTP/1.1 needs a Host";
    return read_length(&walk, fields);
}
