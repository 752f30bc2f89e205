#include "cli/health.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LISTED_MAX = 16 }; /* nodes in a list; a cluster has at most 9 */

static uint64_t number_of(const json_t *object, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(object, key));
    return number > 0 ? (uint64_t)number : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is(const json_t *object, const char *key, const char *text)
{
    return strcmp(text_of(object, key), text) == 0;
}

/* NODE, of a status, is in touch with the node whose status it is. */
static bool in_touch(const json_t *node)
{
    return is(node, "link", "up") || is(node, "link", "self");
}

/* --- the view that counts ----------------------------------------------------------------------------------------- */

static uint64_t voters_in_touch(const json_t *status)
{
    uint64_t voters = 0;
    size_t index;
    json_t *node;
    json_array_foreach(json_object_get(status, "nodes"), index, node)
        voters += is(node, "role", "voter") && in_touch(node);
    return voters;
}

/* A knows more than B. */
static bool knows_more(const json_t *a, const json_t *b)
{
    bool a_leads = is(a, "role", "leader"), b_leads = is(b, "role", "leader");
    bool a_led = number_of(a, "leader") > 0, b_led = number_of(b, "leader") > 0;
    if (a_leads != b_leads)
        return a_leads;
    if (a_led != b_led)
        return a_led;
    if (a_led && number_of(a, "term") != number_of(b, "term"))
        return number_of(a, "term") > number_of(b, "term");
    return voters_in_touch(a) > voters_in_touch(b);
}

const json_t *health_view(json_t *const *statuses, size_t count)
{
    const json_t *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (!best || knows_more(statuses[i], best))
            best = statuses[i];
    return best;
}

/* --- what it shows ------------------------------------------------------------------------------------------------ */

struct nodes {
    uint64_t ids[LISTED_MAX];
    size_t count;
};

struct health {
    uint64_t nodes;
    uint64_t voters;
    uint64_t in_touch;    /* voters */
    uint64_t needed;      /* voters */
    struct nodes down;
    struct nodes cut_off;
    struct nodes learners;
    struct nodes full;    /* disks */
    struct nodes behind;
};

static void add(struct nodes *nodes, uint64_t id)
{
    if (nodes->count < LISTED_MAX)
        nodes->ids[nodes->count++] = id;
}

static const json_t *status_of(json_t *const *statuses, size_t count, uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (number_of(statuses[i], "id") == id)
            return statuses[i];
    return NULL;
}

/* NODE, as the leader sees it, has much less of the log; what it says itself, in OWN (NULL: nothing), counts more. */
static bool is_behind(const json_t *view, const json_t *node, const json_t *own)
{
    uint64_t commit = number_of(view, "commit");
    uint64_t has = own ? number_of(own, "applied") : number_of(node, "match");
    bool known = own || json_object_get(node, "match");
    return is(node, "state", "snapshot") || (known && commit > has && commit - has > HEALTH_BEHIND_ENTRIES);
}

static void look_at(struct health *health, const json_t *view, const json_t *node, const json_t *own)
{
    uint64_t id = number_of(node, "node");
    bool here = in_touch(node), voter = is(node, "role", "voter");
    health->nodes++;
    health->voters += voter;
    health->in_touch += voter && here;
    if (!here)
        add(own ? &health->cut_off : &health->down, id);
    if (is(node, "role", "learner"))
        add(&health->learners, id);
    if (is(node, "disk", "full") || is(own, "disk", "full"))
        add(&health->full, id);
    if (here && is_behind(view, node, own))
        add(&health->behind, id);
}

/* The server's own count goes before ours: "quorum=2/3", 2 voters are there, and 3 are needed. */
static void take_quorum(struct health *health, const json_t *view)
{
    unsigned there, needed;
    health->needed = health->voters / 2 + 1;
    if (sscanf(text_of(view, "quorum"), "%5u/%5u", &there, &needed) == 2 && needed > 0) {
        health->in_touch = there;
        health->needed = needed;
    }
}

static void look(struct health *health, const json_t *view, json_t *const *statuses, size_t count)
{
    size_t index;
    json_t *node;
    *health = (struct health){0};
    json_array_foreach(json_object_get(view, "nodes"), index, node)
        look_at(health, view, node, status_of(statuses, count, number_of(node, "node")));
    take_quorum(health, view);
}

/* --- the line ----------------------------------------------------------------------------------------------------- */

static void say(struct buffer *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct buffer *line, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append_text(line, text);
}

static void say_nodes(struct buffer *line, const char *what, const struct nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        buffer_append_text(line, i == 0 ? what : ", ");
        buffer_append_number(line, nodes->ids[i]);
    }
}

static void say_troubles(struct buffer *line, const struct health *health)
{
    say_nodes(line, "; down: ", &health->down);
    say_nodes(line, "; cut off: ", &health->cut_off);
    say_nodes(line, "; not voting: ", &health->learners);
    say_nodes(line, "; disk full: ", &health->full);
    say_nodes(line, "; behind: ", &health->behind);
}

static bool has_troubles(const struct health *health)
{
    return health->down.count + health->cut_off.count + health->learners.count + health->full.count +
               health->behind.count > 0;
}

static void say_votes(struct buffer *line, const struct health *health)
{
    say(line, "%llu of %llu %s in touch, %llu %s needed", (unsigned long long)health->in_touch,
        (unsigned long long)health->voters, health->in_touch == 1 ? "voters is" : "voters are",
        (unsigned long long)health->needed, health->needed == 1 ? "is" : "are");
}

static void say_led(struct buffer *line, const struct health *health, uint64_t leader)
{
    bool troubled = has_troubles(health), quorum = health->in_touch >= health->needed;
    buffer_append_text(line, !quorum ? "no quorum: " : troubled ? "degraded: " : "ok: ");
    say(line, "node %llu leads", (unsigned long long)leader);
    if (!quorum) {
        buffer_append_text(line, "; ");
        say_votes(line, health);
    } else if (health->nodes == 1) {
        buffer_append_text(line, ", alone");
    } else if (!troubled) {
        say(line, ", all %llu nodes are up", (unsigned long long)health->nodes);
    }
    say_troubles(line, health);
    uint64_t spare = quorum ? health->in_touch - health->needed : 0;
    if (quorum && spare > 0)
        say(line, "; %llu%s may fail", (unsigned long long)spare, troubled ? " more" : "");
    else if (quorum)
        buffer_append_text(line, troubled ? "; no more may fail" : "; none may fail");
}

/* How many different values of KEY there are; those that are "0", or nothing, do not count. LIST: and which. */
static size_t distinct(json_t *const *statuses, size_t count, const char *key, struct buffer *list)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = text_of(statuses[i], key);
        bool known = text[strspn(text, "0")] == '\0';
        for (size_t j = 0; j < i && !known; j++)
            known = is(statuses[j], key, text);
        if (known)
            continue;
        if (list)
            say(list, "%s%s", found > 0 ? ", " : "", text);
        found++;
    }
    return found;
}

static void say_versions(struct buffer *line, json_t *const *statuses, size_t count)
{
    struct buffer list = {0};
    if (distinct(statuses, count, "version", &list) > 1) {
        buffer_append_text(line, "; versions ");
        buffer_append(line, buffer_start(&list), buffer_size(&list));
    }
    buffer_close(&list);
}

void health_write(struct buffer *line, json_t *const *statuses, size_t count, size_t endpoints)
{
    const json_t *view = health_view(statuses, count);
    size_t clusters = distinct(statuses, count, "cluster_id", NULL);
    struct health health;
    if (!view) {
        if (endpoints == 1)
            buffer_append_text(line, "down: the endpoint does not answer");
        else
            say(line, "down: none of the %zu endpoints answers", endpoints);
        return;
    }
    if (clusters > 1) {
        say(line, "mixed: the endpoints belong to %zu clusters", clusters);
        return;
    }
    look(&health, view, statuses, count);
    if (number_of(view, "leader") > 0) {
        say_led(line, &health, number_of(view, "leader"));
    } else if (is(view, "role", "forming")) {
        say(line, "forming: it waits for all %llu nodes", (unsigned long long)health.nodes);
        say_troubles(line, &health);
    } else {
        buffer_append_text(line, "no leader: ");
        say_votes(line, &health);
        say_troubles(line, &health);
    }
    if (count < endpoints && health.down.count == 0)
        say(line, "; %zu %s", endpoints - count,
            endpoints - count == 1 ? "endpoint does not answer" : "endpoints do not answer");
    say_versions(line, statuses, count);
}
