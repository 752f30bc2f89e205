#include "node/complaint.h"

#include <string.h>

#include "base/ensure.h"
#include "base/hash.h"
#include "node/env.h"
#include "node/event.h"

uint64_t complaint_what(uint32_t peer, enum log_event event, const char *reason)
{
    const char *name = log_event_name(event);
    return hash_bytes(reason, strlen(reason), hash_bytes(name, strlen(name), peer));
}

/* Where complaints of that kind are counted: their own place; else a free one, or that of the kind which was said the
 * longest ago, if long enough; else the one for all others. */
static struct complaint *place_of(struct complaints *complaints, uint64_t what, uint64_t now_ms)
{
    struct complaint *oldest = &complaints->kinds[0];
    for (int i = 0; i < COMPLAINTS_KEPT - 1; i++) {
        struct complaint *kind = &complaints->kinds[i];
        if (kind->known && kind->what == what)
            return kind;
        if (oldest->known && (!kind->known || kind->said_ms < oldest->said_ms))
            oldest = kind;
    }
    if (oldest->known && now_ms - oldest->said_ms < COMPLAINT_AGAIN_MS)
        return &complaints->kinds[COMPLAINTS_KEPT - 1];
    *oldest = (struct complaint){.what = what};
    return oldest;
}

bool complaint_due(struct complaints *complaints, uint64_t what, uint64_t now_ms, uint64_t *left_out)
{
    struct complaint *kind = place_of(complaints, what, now_ms);
    ensure(!kind->known || now_ms >= kind->said_ms);
    if (kind->known && now_ms - kind->said_ms < COMPLAINT_AGAIN_MS) {
        kind->left_out++;
        return false;
    }
    *left_out = kind->left_out;
    kind->known = true;
    kind->said_ms = now_ms;
    kind->left_out = 0;
    return true;
}

bool complaint_begin(struct env *env, enum log_event event, uint32_t peer, const char *address, const char *reason)
{
    uint64_t left_out;
    if (!complaint_due(&env->complaints, complaint_what(peer, event, reason), env->now_ms, &left_out))
        return false;
    event_begin(env, event);
    if (peer != 0)
        event_number(env, "peer", peer);
    if (address[0] != '\0')
        event_text(env, "address", address);
    if (left_out > 0)
        event_number(env, "left_out", left_out);
    event_text(env, "reason", reason);
    return true;
}
