/* What a large store costs: printed, not asserted. Under a sanitizer it is a small one. */
#include <time.h>

#include "base/random.h"
#include "support/check.h"
#include "unit/store/story.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
enum { COUNT = 20000 };
#else
enum { COUNT = 1000000 };
#endif

enum { BATCH = 10000 };

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say(const char *what, double seconds)
{
    printf("    %d x %-40s %8.1f ms  %6.0f ns each\n", COUNT, what, 1e3 * seconds, 1e9 * seconds / COUNT);
}

/* Writes COUNT times, to files that are numbered from 1 to FILES in no order. Only the applying is timed. */
static double write_files(struct story *story, uint64_t multiplier, uint64_t exptime_s)
{
    static struct blob *blobs[BATCH];
    double seconds = 0;
    for (uint64_t i = 0; i < COUNT;) {
        for (size_t b = 0; b < BATCH; b++, i++) {
            char name[32];
            snprintf(name, sizeof name, "service/%llu/lock", (unsigned long long)(i * multiplier % COUNT));
            struct command command = story_command(COMMAND_WRITE, name, "0123456789012345678901234567890123456789");
            command.exptime_s = exptime_s;
            blobs[b] = command_encode(&command);
            story->number++;
            command_number(blobs[b], STORY_GATEWAY, story->epoch, story->number, story->number);
        }
        double start_s = now_s();
        for (size_t b = 0; b < BATCH; b++)
            store_apply(story->store, store_applied(story->store) + 1, story->now_ms, blobs[b]);
        seconds += now_s() - start_s;
        for (size_t b = 0; b < BATCH; b++)
            blob_release(blobs[b]);
    }
    return seconds;
}

/* Dumps STORE; the longest of its steps, each of about 64 KiB, is printed. */
static void dump(struct store *store, struct buffer *out)
{
    struct buffer block = {0};
    double start_s = now_s(), longest_s = 0;
    store_dump_begin(store);
    for (bool complete = false; !complete;) {
        double step_s = now_s();
        complete = store_dump_step(store, &block, 65536);
        step_s = now_s() - step_s;
        longest_s = step_s > longest_s ? step_s : longest_s;
        buffer_append(out, buffer_start(&block), buffer_size(&block));
        buffer_clear(&block, SIZE_MAX);
    }
    say("dump", now_s() - start_s);
    printf("    longest step of the dump: %.2f ms\n", 1e3 * longest_s);
    buffer_close(&block);
}

START_TEST(a_million_files)
{
    printf("\n");
    struct story story = story_begin(1);
    say("write a new file", write_files(&story, 999983, 0));
    printf("    memory: %llu bytes a file\n", (unsigned long long)(store_memory_bytes(story.store) / COUNT));
    say("write an existing file", write_files(&story, 999979, 0));
    say("write an existing file, it gets a life", write_files(&story, 999979, 60));
    uint64_t hash = store_hash(story.store);
    struct buffer out = {0};
    dump(story.store, &out);
    story_tick(&story, story.now_ms + 61000);
    double start_s = now_s();
    while (store_due_ms(story.store) != 0)
        story_tick(&story, story.now_ms);
    say("expire", now_s() - start_s);
    story_end(&story);

    start_s = now_s();
    struct store *loaded = story_load(&out, 2);
    say("load", now_s() - start_s);
    ck_assert_uint_eq(store_hash(loaded), hash);
    buffer_close(&out);
    start_s = now_s();
    while (!store_drain(loaded, 1000))
        ;
    say("drain", now_s() - start_s);
    store_close(loaded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store/million");
    TCase *tests = tcase_create("million");
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_million_files);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
