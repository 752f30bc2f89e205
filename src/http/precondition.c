#include "http/precondition.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "protocol/request.h"

struct tag {
    bool weak;
    const char *text; /* between the quotes */
    size_t size;
};

/* The tag at *AT, and the comma and spaces behind it. False: there is none, or it is malformed. */
static bool next_tag(const char **at, struct tag *tag)
{
    const char *text = *at + strspn(*at, " \t,");
    tag->weak = text[0] == 'W' && text[1] == '/';
    if (tag->weak)
        text += 2;
    const char *end = text[0] == '"' ? strchr(text + 1, '"') : NULL;
    if (!end)
        return false;
    tag->text = text + 1;
    tag->size = (size_t)(end - tag->text);
    end++;
    end += strspn(end, " \t");
    if (*end != ',' && *end != '\0')
        return false;
    *at = end + strspn(end, " \t,");
    return true;
}

/* Leading zeros make another tag: "07" is not "7". */
static bool tag_version(const struct tag *tag, uint64_t *version)
{
    return request_number(tag->text, tag->size, version) && (tag->size == 1 || tag->text[0] != '0');
}

static bool is_star(const char *list)
{
    list += strspn(list, " \t");
    return list[0] == '*' && list[1 + strspn(list + 1, " \t")] == '\0';
}

const char *precondition_parse(const char *if_match, const char *if_none_match, struct precondition *precondition)
{
    *precondition = (struct precondition){.kind = PRECONDITION_NONE};
    if (if_match && if_none_match)
        return "If-Match and If-None-Match do not go together";
    if (if_none_match) {
        precondition->kind = PRECONDITION_ABSENT;
        return is_star(if_none_match) ? NULL : "a change takes If-None-Match: * only";
    }
    if (!if_match)
        return NULL;
    if (is_star(if_match)) {
        precondition->kind = PRECONDITION_PRESENT;
        return NULL;
    }
    struct tag tag;
    const char *at = if_match;
    if (!next_tag(&at, &tag) || *at != '\0')
        return "If-Match takes * or one tag, such as \"7\"";
    precondition->kind = PRECONDITION_VERSION;
    /* A weak tag never matches here, nor does one that no file has. */
    if (tag.weak || !tag_version(&tag, &precondition->version) || precondition->version == 0)
        precondition->version = PRECONDITION_NEVER;
    return NULL;
}

bool precondition_matches(const char *list, uint64_t version, bool weak)
{
    struct tag tag;
    if (is_star(list))
        return true;
    for (const char *at = list; next_tag(&at, &tag);) {
        uint64_t tagged;
        if ((!tag.weak || weak) && tag_version(&tag, &tagged) && tagged == version)
            return true;
    }
    return false;
}

/* A decimal number, however large: UINT64_MAX stands for what is above it (RFC 9110 section 14.1.2). */
static bool position(const char *text, size_t size, uint64_t *number)
{
    if (size == 0 || strspn(text, "0123456789") < size)
        return false;
    if (!request_number(text, size, number))
        *number = UINT64_MAX;
    return true;
}

enum range_kind range_parse(const char *header, uint64_t size, struct range *range)
{
    static const char unit[] = "bytes=";
    *range = (struct range){.first = 0, .size = size};
    if (!header || strncasecmp(header, unit, sizeof unit - 1) != 0)
        return RANGE_WHOLE;
    const char *first = header + sizeof unit - 1;
    size_t first_size = strcspn(first, "-");
    if (first[first_size] != '-')
        return RANGE_WHOLE;
    const char *last = first + first_size + 1;
    size_t last_size = strlen(last);
    uint64_t from = 0, to = UINT64_MAX;
    if ((first_size > 0 && !position(first, first_size, &from)) ||
        (last_size > 0 && !position(last, last_size, &to)) || (first_size == 0 && last_size == 0))
        return RANGE_WHOLE;
    if (first_size == 0) { /* the last `to` bytes */
        from = to < size ? size - to : 0;
        if (to == 0 || size == 0)
            return RANGE_UNSATISFIABLE;
        to = UINT64_MAX;
    }
    if (to < from)
        return RANGE_WHOLE;
    if (from >= size)
        return RANGE_UNSATISFIABLE;
    range->first = from;
    range->size = (to < size ? to + 1 : size) - from;
    return RANGE_PART;
}
