#include "support/scenario_say.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void scenario_say(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append_text(out, text);
}

static void say_entry(struct buffer *out, const struct raft_entry *entry)
{
    scenario_say(out, "%" PRIu64 "@%" PRIu64 " ", entry->index, entry->term);
    if (entry->type == RAFT_ENTRY_NOOP)
        scenario_say(out, "noop");
    else if (entry->type == RAFT_ENTRY_CONFIGURATION)
        scenario_say(out, "formed");
    else if (entry->payload)
        buffer_append(out, entry->payload->bytes, entry->payload->size);
}

static void say_append(struct buffer *out, const struct raft_message *message)
{
    scenario_say(out, "append in term %" PRIu64 ", after %" PRIu64 "@%" PRIu64, message->term, message->index,
                 message->log_term);
    for (uint32_t i = 0; i < message->entry_count; i++) {
        buffer_append_text(out, i == 0 ? ": " : ", ");
        say_entry(out, &message->entries[i]);
    }
    scenario_say(out, "; commit %" PRIu64 ", round %" PRIu64, message->commit, message->round);
}

static void say_append_reply(struct buffer *out, const struct raft_message *message)
{
    if (message->ok)
        scenario_say(out, "appended in term %" PRIu64 ", durable to %" PRIu64 " of %" PRIu64 ", round %" PRIu64,
                     message->term, message->match, message->index, message->round);
    else
        scenario_say(out, "refused in term %" PRIu64 ", nothing fits after %" PRIu64 ", try %" PRIu64 "@%" PRIu64,
                     message->term, message->index, message->match, message->log_term);
}

void scenario_say_message(struct buffer *out, const struct raft_message *message)
{
    scenario_say(out, "%u -> %u: ", message->from, message->to);
    switch (message->type) {
    case RAFT_PREVOTE:
    case RAFT_VOTE:
        scenario_say(out, "%s in term %" PRIu64 "? my last is %" PRIu64 "@%" PRIu64 "%s",
                     message->type == RAFT_VOTE ? "your vote" : "would you vote for me", message->term, message->index,
                     message->log_term, message->ok ? "; the leader wants it" : "");
        break;
    case RAFT_PREVOTE_REPLY:
        scenario_say(out, "%s, term %" PRIu64, message->ok ? "I would" : "I would not", message->term);
        break;
    case RAFT_VOTE_REPLY:
        scenario_say(out, "%s, term %" PRIu64, message->ok ? "my vote is yours" : "no", message->term);
        break;
    case RAFT_APPEND:
        say_append(out, message);
        break;
    case RAFT_APPEND_REPLY:
        say_append_reply(out, message);
        break;
    case RAFT_READ:
        scenario_say(out, "a read, term %" PRIu64, message->term);
        break;
    case RAFT_READ_REPLY:
        scenario_say(out, "read at %" PRIu64 ", term %" PRIu64, message->match, message->term);
        break;
    case RAFT_TIMEOUT_NOW:
        scenario_say(out, "campaign at once, term %" PRIu64, message->term);
        break;
    case RAFT_MESSAGE_TYPE_END:
        break;
    }
    buffer_append_text(out, "\n");
}

const char *scenario_role(const struct raft *raft)
{
    switch (raft_role(raft)) {
    case RAFT_FOLLOWER:
        return raft_is_voter(raft) ? "follower" : "learner";
    case RAFT_PRECANDIDATE:
        return "precandidate";
    case RAFT_CANDIDATE:
        return "candidate";
    case RAFT_LEADER:
        return "leader";
    }
    return "?";
}

void scenario_say_node(struct buffer *out, const struct raft *raft, uint32_t id)
{
    if (!raft) {
        scenario_say(out, "  %u is down\n", id);
        return;
    }
    scenario_say(out, "  %u: %s, term %" PRIu64 ", vote %u, leader %u, commit %" PRIu64 ", durable %" PRIu64 ":",
                 id, scenario_role(raft), raft_term(raft), raft_voted_for(raft), raft_leader(raft), raft_commit(raft),
                 raft_durable_index(raft));
    if (raft_first_index(raft) > 1)
        scenario_say(out, " (%" PRIu64 "@%" PRIu64 ")", raft_first_index(raft) - 1,
                     raft_term_at(raft, raft_first_index(raft) - 1));
    for (uint64_t i = raft_first_index(raft); i <= raft_last_index(raft); i++) {
        buffer_append_text(out, i == raft_first_index(raft) ? " " : ", ");
        say_entry(out, raft_entry(raft, i));
    }
    buffer_append_text(out, "\n");
}

void scenario_say_peers(struct buffer *out, const struct raft *raft)
{
    static const char *const states[] = {"probe", "replicate", "snapshot"};
    const struct raft_configuration *configuration = raft_members(raft);
    for (uint32_t i = 0; i < configuration->count; i++) {
        struct raft_peer_view view;
        if (raft_peer(raft, configuration->members[i].id, &view))
            scenario_say(out, "  %u: %s, match %" PRIu64 ", next %" PRIu64 "%s\n", configuration->members[i].id,
                         states[view.state], view.match, view.next, view.voter ? "" : ", does not count");
    }
}
