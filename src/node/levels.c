#include "node/levels.h"

#include <string.h>

#include "base/buffer.h"
#include "base/ensure.h"
#include "protocol/level.h"

/* "node 3", "nodes 3 and 5", "nodes 1, 3 and 5": the members of which KNOWN is below LEVEL, those that are not linked
 * (0) or those that are. Returns how many. */
static uint32_t append_members(const struct levels *levels, unsigned level, bool linked, struct buffer *out)
{
    uint32_t total = 0, done = 0;
    for (uint32_t i = 0; i < levels->count; i++)
        total += levels->members[i].known < level && (levels->members[i].known > 0) == linked;
    for (uint32_t i = 0; i < levels->count; i++) {
        const struct levels_member *member = &levels->members[i];
        if (member->known >= level || (member->known > 0) != linked)
            continue;
        const char *before = done == 0 ? (total == 1 ? "node " : "nodes ") : done + 1 == total ? " and " : ", ";
        buffer_append_text(out, before);
        buffer_append_number(out, member->id);
        done++;
    }
    ensure(done == total);
    return total;
}

static void finish(struct buffer *line, char text[LEVELS_TEXT_MAX])
{
    size_t size = buffer_size(line) < LEVELS_TEXT_MAX ? buffer_size(line) : LEVELS_TEXT_MAX - 1;
    if (size > 0)
        memcpy(text, buffer_start(line), size);
    text[size] = '\0';
    buffer_close(line);
}

/* What keeps the members from LEVEL. False: nothing does. */
static bool append_hindrance(const struct levels *levels, unsigned level, struct buffer *line)
{
    const char *version = level_version(level);
    uint32_t older = append_members(levels, level, true, line);
    if (older > 0) {
        buffer_append_text(line, " must run ");
        buffer_append_text(line, version ? "cleatd " : "a cleatd that knows level ");
        if (version)
            buffer_append_text(line, version);
        else
            buffer_append_number(line, level);
        buffer_append_text(line, " first");
    }
    struct buffer missing = {0};
    uint32_t unlinked = append_members(levels, level, false, &missing);
    if (unlinked > 0) {
        buffer_append_text(line, older > 0 ? "; " : "");
        buffer_append(line, buffer_start(&missing), buffer_size(&missing));
        buffer_append_text(line, unlinked == 1 ? " is not linked, and must say that it knows level "
                                               : " are not linked, and must say that they know level ");
        buffer_append_number(line, level);
    }
    buffer_close(&missing);
    return older + unlinked > 0;
}

bool levels_allow(const struct levels *levels, unsigned level, char text[LEVELS_TEXT_MAX])
{
    struct buffer line = {0};
    if (level <= levels->reached)
        return true;
    bool hindered = append_hindrance(levels, level, &line);
    if (!hindered && level > LEVEL_KNOWN) { /* of a cluster that has not formed there are no members */
        buffer_append_text(&line, "this node must run a cleatd that knows level ");
        buffer_append_number(&line, level);
        buffer_append_text(&line, " first");
        hindered = true;
    }
    finish(&line, text);
    return !hindered;
}

bool levels_reached(const struct levels *levels, unsigned level, char text[LEVELS_TEXT_MAX])
{
    struct buffer line = {0};
    ensure(level >= LEVEL_BASE && level <= LEVEL_KNOWN); /* of a row of this program's */
    if (level <= levels->reached)
        return true;
    if (!append_hindrance(levels, level, &line)) {
        buffer_append_text(&line, "all nodes know level ");
        buffer_append_number(&line, level);
        buffer_append_text(&line, ": cleat level ");
        buffer_append_number(&line, level);
    }
    finish(&line, text);
    return false;
}

unsigned levels_lowest(const unsigned *known, uint32_t count)
{
    unsigned lowest = LEVEL_KNOWN;
    for (uint32_t i = 0; i < count; i++)
        lowest = known[i] < lowest ? known[i] : lowest;
    return lowest;
}
