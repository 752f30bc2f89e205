/* The walk over what is kept about gateways and tokens: however full the tables are, and whatever changes meanwhile,
 * nothing is copied in one go, and the dump is the state in which it began. */
#include <stdlib.h>

#include "store/state.h"
#include "support/check.h"
#include "unit/store/story.h"

enum { BLOCK = 65536, RECORD_MAX = 50000 };

static uint64_t token_count; /* so far, each another one */

/* The next number of GATEWAY is a write of `a`, with a token if WITH_TOKEN; all below LOWEST was answered. */
static void say(struct story *story, uint32_t gateway, uint64_t lowest, bool with_token)
{
    struct store_gateway state;
    uint8_t token[COMMAND_TOKEN_SIZE];
    struct command command = story_command(COMMAND_WRITE, "a", "x");
    ensure(store_gateway(story->store, gateway, &state)); /* ck_assert would take longer than all the rest */
    command.gateway = gateway;
    command.epoch = state.epoch;
    command.number = state.applied + 1;
    command.lowest = lowest;
    if (with_token) {
        token_count++;
        command_token(&token_count, sizeof token_count, token);
        command.token = token;
    }
    ensure(story_apply(story, &command).code == OUTCOME_WRITTEN);
}

/* As many gateways, outcomes and tokens as there can be. */
static struct story full_tables(void)
{
    struct story story = {.store = store_open(1), .now_ms = 1000};
    for (uint32_t id = 1; id <= STORE_GATEWAYS_MAX; id++)
        story_open_gateway(&story, id, 1);
    for (uint32_t id = 1; id <= STORE_GATEWAYS_MAX; id++)
        for (unsigned i = 0; i < STORE_OUTCOMES_MAX; i++)
            say(&story, id, 0, id == 1);
    ck_assert_uint_eq(story.store->tokens.count, STORE_TOKENS_MAX);
    for (uint32_t id = 1; id <= STORE_GATEWAYS_MAX; id++)
        ck_assert_uint_eq(gateway_outcome_count(gateways_find(&story.store->gateways, id)), STORE_OUTCOMES_MAX);
    return story;
}

/* Takes the dump to its end, MEANWHILE before every step; loaded, it has HASH. Returns the number of steps. */
static unsigned expect_dump(struct story *story, size_t block_bytes, uint64_t hash,
                            void (*meanwhile)(struct story *story, unsigned step))
{
    struct store *loaded = store_open(2);
    struct buffer block = {0};
    unsigned steps = 0;
    for (bool complete = false; !complete; steps++) {
        if (meanwhile)
            meanwhile(story, steps);
        complete = store_dump_step(story->store, &block, block_bytes);
        ck_assert_uint_lt(buffer_size(&block), block_bytes + RECORD_MAX);
        ck_assert_uint_gt(buffer_size(&block), 0);
        ck_assert(store_load(loaded, buffer_start(&block), buffer_size(&block)));
        buffer_clear(&block, SIZE_MAX);
    }
    ck_assert(store_load_end(loaded));
    ck_assert_uint_eq(store_hash(loaded), hash);
    buffer_close(&block);
    store_close(loaded);
    return steps;
}

static void nothing(struct story *story, unsigned step)
{
    (void)story;
    (void)step;
}

START_TEST(nothing_is_copied_when_a_dump_of_full_tables_begins)
{
    struct story story = full_tables();
    uint64_t hash = store_hash(story.store);
    size_t before = store_part_memory_bytes(story.store, PART_DEDUP);
    store_dump_begin(story.store);
    ck_assert_uint_eq(store_part_memory_bytes(story.store, PART_DEDUP), before);
    unsigned steps = expect_dump(&story, BLOCK, hash, nothing);
    uint64_t bytes = (uint64_t)STORE_GATEWAYS_MAX * STORE_OUTCOMES_MAX * 17 + STORE_TOKENS_MAX * 41;
    ck_assert_uint_ge(steps, bytes / (BLOCK + RECORD_MAX));
    ck_assert_uint_eq(store_part_memory_bytes(story.store, PART_DEDUP), before);
    ck_assert_uint_eq(store_hash(story.store), hash);
    story_end(&story);
}
END_TEST

/* Everything that takes something away before the walk comes to it. */
static void all_kinds_of_loss(struct story *story, unsigned step)
{
    uint32_t id = 2 + step % (STORE_GATEWAYS_MAX - 1);
    struct store_gateway state;
    if (!store_gateway(story->store, id, &state))
        return;
    for (unsigned i = 0; i < 300; i++)
        say(story, id, 0, true); /* its lowest goes, and the oldest token */
    if (step % 5 == 0)
        say(story, id, state.applied - 20000, false); /* most of a window at once */
    if (step % 7 == 3)
        story_open_gateway(story, id, 100 + step); /* all of it */
    if (step == 40) {
        uint32_t members[STORE_GATEWAYS_MAX - 4];
        for (uint32_t i = 0; i < STORE_GATEWAYS_MAX - 4; i++)
            members[i] = i + 1;
        store_members(story->store, members, STORE_GATEWAYS_MAX - 4);
        story_tick(story, story->now_ms);
    }
}

START_TEST(a_dump_of_full_tables_holds_them_as_they_were)
{
    struct story story = full_tables();
    uint64_t hash = store_hash(story.store);
    store_dump_begin(story.store);
    unsigned steps = expect_dump(&story, BLOCK, hash, all_kinds_of_loss);
    ck_assert_uint_gt(steps, 100);
    ck_assert_uint_ne(store_hash(story.store), hash);
    ck_assert_uint_eq(story.store->gateways.count, STORE_GATEWAYS_MAX - 4);
    /* The next one is whole, too. */
    hash = store_hash(story.store);
    store_dump_begin(story.store);
    expect_dump(&story, BLOCK, hash, nothing);
    story_end(&story);
}
END_TEST

static void all_is_forgotten(struct story *story, unsigned step)
{
    if (step == 10) {
        story->now_ms += STORE_TOKENS_S * 1000 + 1;
        say(story, 1, 0, true); /* which drops every token that was there */
        ck_assert_uint_eq(story->store->tokens.count, 1);
        ck_assert_uint_eq(story->store->tokens.walk.preimages_count, STORE_TOKENS_MAX);
    }
}

START_TEST(a_dump_given_up_gives_back_what_was_kept_for_it)
{
    struct story story = full_tables();
    uint64_t hash = store_hash(story.store);
    store_dump_begin(story.store);
    expect_dump(&story, BLOCK, hash, all_is_forgotten);
    size_t before = store_part_memory_bytes(story.store, PART_DEDUP);
    store_dump_begin(story.store);
    say(&story, 3, UINT64_MAX / 2, false);
    struct store_gateway state;
    ck_assert(store_gateway(story.store, 3, &state));
    say(&story, 3, state.applied, false);
    story_open_gateway(&story, 4, 77);
    ck_assert_uint_gt(store_part_memory_bytes(story.store, PART_DEDUP), before);
    store_dump_cancel(story.store);
    ck_assert_uint_lt(store_part_memory_bytes(story.store, PART_DEDUP), before);
    story_end(&story);
}
END_TEST

/* --- small ones, at random -------------------------------------------------------------------------------------- */

static struct random_state {
    uint64_t state;
} drawn;

static uint64_t draw(uint64_t below)
{
    drawn.state = drawn.state * 6364136223846793005u + 1442695040888963407u;
    return (drawn.state >> 33) % below;
}

static void something(struct story *story, unsigned step)
{
    (void)step;
    for (uint64_t i = draw(1500); i > 0; i--) {
        uint32_t id = (uint32_t)(1 + draw(6));
        struct store_gateway state;
        if (draw(300) == 0 || !store_gateway(story->store, id, &state)) {
            story_open_gateway(story, id, 1 + draw(1000));
            continue;
        }
        uint64_t kept = state.applied + 1 - state.lowest;
        uint64_t lowest = draw(100) == 0 ? state.lowest + draw(kept + 1) : draw(4) == 0 ? state.lowest + 1 : 0;
        say(story, id, lowest, draw(2) == 0);
        if (draw(1500) == 0) {
            const uint32_t members[] = {1, 2, 3 + (uint32_t)draw(4)};
            store_members(story->store, members, 3);
            story_tick(story, story->now_ms + draw(10000));
        }
    }
}

START_TEST(whatever_happens_during_a_dump_it_is_the_state_in_which_it_began)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        drawn.state = seed;
        struct story story = {.store = store_open(seed), .now_ms = 1000};
        store_limit_tokens(story.store, 3000);
        for (unsigned i = 0; i < 30; i++)
            something(&story, i);
        for (unsigned dumps = 0; dumps < 3; dumps++) {
            uint64_t hash = store_hash(story.store);
            store_dump_begin(story.store);
            expect_dump(&story, 1 + draw(30000), hash, something);
        }
        story_end(&story);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/walk");
    TCase *tests = tcase_create("walk");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, nothing_is_copied_when_a_dump_of_full_tables_begins);
    tcase_add_test(tests, a_dump_of_full_tables_holds_them_as_they_were);
    tcase_add_test(tests, a_dump_given_up_gives_back_what_was_kept_for_it);
    tcase_add_test(tests, whatever_happens_during_a_dump_it_is_the_state_in_which_it_began);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
