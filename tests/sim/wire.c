#include "sim/wire.h"

#include <stdio.h>

#include "node/peers/frame.h"
#include "raft/message.h"

static const char *const frame_names[FRAME_TYPE_END] = {
    [FRAME_HELLO] = "hello",     [FRAME_FORM] = "form",   [FRAME_RAFT] = "raft",   [FRAME_OPEN] = "open",
    [FRAME_FORWARD] = "forward", [FRAME_CREDIT] = "credit", [FRAME_STATE] = "state", [FRAME_OFFER] = "offer",
    [FRAME_CHUNK] = "chunk",     [FRAME_TAKEN] = "taken", [FRAME_REFUSED] = "refused",
};

static const char *const message_names[RAFT_MESSAGE_TYPE_END] = {
    [RAFT_PREVOTE] = "prevote", [RAFT_PREVOTE_REPLY] = "prevote_reply", [RAFT_VOTE] = "vote",
    [RAFT_VOTE_REPLY] = "vote_reply", [RAFT_APPEND] = "append", [RAFT_APPEND_REPLY] = "append_reply",
    [RAFT_READ] = "read", [RAFT_READ_REPLY] = "read_reply", [RAFT_TIMEOUT_NOW] = "timeout_now",
};

static void tell_message(const struct frame *frame, char *text, size_t room)
{
    static struct raft_entry entries[RAFT_MESSAGE_ENTRIES_MAX];
    struct raft_message message;
    if (!raft_message_decode(frame->body, frame->size, &message, entries)) {
        snprintf(text, room, "raft, not valid");
        return;
    }
    snprintf(text, room, "%s term=%llu index=%llu log_term=%llu commit=%llu match=%llu round=%llu ok=%d entries=%u",
             message_names[message.type], (unsigned long long)message.term, (unsigned long long)message.index,
             (unsigned long long)message.log_term, (unsigned long long)message.commit,
             (unsigned long long)message.match, (unsigned long long)message.round, message.ok, message.entry_count);
    raft_message_release(&message);
}

void wire_tell(const struct story *story, const char *from, const char *to, const uint8_t *bytes, size_t size,
               bool dropped)
{
    char text[256];
    struct frame frame;
    if (frame_parse(bytes, size, &frame) <= 0)
        snprintf(text, sizeof text, "a bad frame");
    else if (frame.type == FRAME_RAFT && !frame.more && frame.part == 0)
        tell_message(&frame, text, sizeof text);
    else
        snprintf(text, sizeof text, "%s part=%u more=%d", frame_names[frame.type], frame.part, frame.more);
    story_tell(story, 2, from, "-> %s %s bytes=%zu%s", to, text, size, dropped ? " LOST" : "");
}
