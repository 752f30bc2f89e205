#include <stdlib.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "support/storm_state.h"

static struct raft_entry decoded[RAFT_MESSAGE_ENTRIES_MAX];

void storm_post(struct storm *storm, struct letter letter)
{
    if (storm->letter_count == storm->letter_capacity) {
        storm->letter_capacity = storm->letter_capacity * 2 + 64;
        storm->letters = memory_resize(storm->letters, storm->letter_capacity, sizeof letter);
    }
    letter.at_ms = storm->now_ms + random_between(&storm->random, 0, storm->calm ? 1 : storm->delay_ms);
    storm->letters[storm->letter_count++] = letter;
}

void storm_post_message(struct storm *storm, const struct raft_message *message)
{
    if (storm->cut[message->from][message->to] || storm_chance(storm, storm->lose))
        return;
    struct chain chain = {0};
    raft_message_encode(message, &chain);
    ensure(chain.size == raft_message_size(message));
    uint32_t copies = storm_chance(storm, storm->repeat) ? 2 : 1;
    for (uint32_t i = 0; i < copies; i++) {
        struct letter letter = {.from = message->from, .to = message->to, .size = chain.size};
        letter.bytes = memory_get(chain.size);
        chain_copy(&chain, letter.bytes, chain.size);
        storm_post(storm, letter);
    }
    chain_close(&chain);
}

static void letter_remove(struct storm *storm, size_t place)
{
    struct letter *letter = &storm->letters[place];
    struct raft *sender = storm->nodes[letter->from].replica.raft;
    if (!letter->bytes && !letter->answer && sender)
        raft_snapshot_sent(sender, letter->to, letter->index, false); /* who sends a snapshot sees it fail */
    free(storm->letters[place].bytes);
    storm->letters[place] = storm->letters[--storm->letter_count];
}

void storm_letters_drop(struct storm *storm, uint32_t from, uint32_t to)
{
    for (size_t i = storm->letter_count; i > 0; i--) {
        if (storm->letters[i - 1].from == from && storm->letters[i - 1].to == to)
            letter_remove(storm, i - 1);
    }
}

void storm_letters_lose(struct storm *storm)
{
    for (size_t i = storm->letter_count; i > 0; i--) {
        const struct letter *letter = &storm->letters[i - 1];
        if (!storm->nodes[letter->to].replica.raft && letter->at_ms <= storm->now_ms)
            letter_remove(storm, i - 1);
    }
}

static void deliver(struct storm *storm, struct letter *letter)
{
    struct replica *replica = &storm->nodes[letter->to].replica;
    if (letter->bytes) {
        struct raft_message message;
        bool good = raft_message_decode(letter->bytes, letter->size, &message, decoded);
        ensure(good);
        raft_step(replica->raft, &message);
        raft_message_release(&message);
    } else if (letter->answer) {
        raft_snapshot_sent(replica->raft, letter->from, letter->index, letter->ok);
    } else {
        bool ok = replica_install(replica, letter->index, letter->term, &storm->configuration);
        ok = ok || raft_commit(replica->raft) >= letter->index;
        struct letter answer = {
            .from = letter->to, .to = letter->from, .answer = true, .ok = ok, .index = letter->index};
        storm->snapshots++;
        storm_post(storm, answer);
    }
}

bool storm_receive(struct storm *storm, uint32_t id)
{
    bool any = false;
    for (size_t i = storm->letter_count; i > 0; i--) {
        if (storm->letters[i - 1].to != id || storm->letters[i - 1].at_ms > storm->now_ms)
            continue;
        struct letter letter = storm->letters[i - 1];
        storm->letters[i - 1] = storm->letters[--storm->letter_count];
        if (!any)
            raft_tick(storm->nodes[id].replica.raft, storm->now_ms);
        any = true;
        deliver(storm, &letter);
        free(letter.bytes);
    }
    return any;
}
