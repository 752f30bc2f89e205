/* Messages and nodes of a scenario in words. */
#ifndef CLEAT_TESTS_SUPPORT_SCENARIO_SAY_H
#define CLEAT_TESTS_SUPPORT_SCENARIO_SAY_H

#include "base/buffer.h"
#include "raft/raft.h"

/* Appends formatted text. */
__attribute__((format(printf, 2, 3))) void scenario_say(struct buffer *out, const char *format, ...);
void scenario_say_message(struct buffer *out, const struct raft_message *message);
void scenario_say_node(struct buffer *out, const struct raft *raft, uint32_t id);
void scenario_say_peers(struct buffer *out, const struct raft *raft);
const char *scenario_role(const struct raft *raft);

#endif
