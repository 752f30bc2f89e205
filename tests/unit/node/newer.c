/* What this version cannot read, whoever wrote it, ends the node with a line that says what to run. Nothing of it is
 * passed over, and nothing behind it is applied. */
#include "three.h"

#include "protocol/command.h"

static struct node_link *leader;

static void begin_following(void)
{
    begin();
    leader = call(MEMBER, 1, 1000, 1);
}

/* Node 2, which leads term 2, has these entries behind the first, and all are committed. */
static void follow(const struct raft_entry *entries, uint32_t count)
{
    struct chain body = {0};
    const struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 2, .index = 1, .log_term = 1, .commit = 1 + count, .round = 1,
        .entry_count = count, .entries = entries,
    };
    raft_message_encode(&message, &body);
    hear(leader, FRAME_RAFT, &body);
    for (int i = 0; i < 5; i++)
        turn(true);
}

static struct blob *blob_of(const void *bytes, size_t size)
{
    struct blob *blob = blob_new(size);
    memcpy(blob->bytes, bytes, size);
    return blob;
}

/* A good command, or a good configuration, with one byte changed. */
static struct blob *spoilt(enum raft_entry_type type, size_t at, uint8_t byte)
{
    struct blob *blob;
    if (type == RAFT_ENTRY_CONFIGURATION) {
        struct buffer bytes = {0};
        raft_configuration_encode(raft_members(parts.raft), &bytes);
        blob = blob_of(buffer_start(&bytes), buffer_size(&bytes));
        buffer_close(&bytes);
    } else {
        const struct command command = {.kind = COMMAND_WRITE, .gateway = 2, .epoch = 5, .number = 1, .lowest = 1,
                                        .name = (const uint8_t *)"a", .name_size = 1,
                                        .value = (const uint8_t *)"x", .value_size = 1};
        blob = command_encode(&command);
    }
    blob->bytes[at] = byte;
    return blob;
}

enum { EXTRA_AT = 1 + 8 + 2, ROLE_AT = EXTRA_AT + 32 + 1 + 4 + 8 }; /* the first member's */

static const struct {
    enum raft_entry_type type;
    size_t at;
    uint8_t byte;
    const char *event;
} unknown[] = {
    {RAFT_ENTRY_TYPE_END, 0, 1, "unknown_entry"},
    {255, 0, 1, "unknown_entry"},
    {RAFT_ENTRY_COMMAND, 0, 3, "unknown_entry"},                   /* its format */
    {RAFT_ENTRY_COMMAND, 1, 15, "unknown_entry"},
    {RAFT_ENTRY_COMMAND, 1, 200, "unknown_entry"},
    {RAFT_ENTRY_COMMAND, 32, 1, "unknown_entry"},                  /* an extra */
    {RAFT_ENTRY_COMMAND, 36, 2, "unknown_entry"},                  /* its level */
    {RAFT_ENTRY_CONFIGURATION, 0, 3, "unknown_configuration"},     /* once the leader was not heard any more */
    {RAFT_ENTRY_CONFIGURATION, 0, 200, "unknown_configuration"},
    {RAFT_ENTRY_CONFIGURATION, ROLE_AT, 3, "unknown_configuration"},
    {RAFT_ENTRY_CONFIGURATION, ROLE_AT + 1, 2, "unknown_configuration"}, /* a flag */
};

START_TEST(an_entry_that_cannot_be_read_ends_the_node)
{
    struct raft_entry entries[] = {
        {.index = 2, .term = 2, .type = RAFT_ENTRY_NOOP},
        {.index = 3, .term = 2, .type = (uint8_t)unknown[_i].type},
        {.index = 4, .term = 2, .type = RAFT_ENTRY_NOOP},
    };
    entries[1].payload = spoilt(unknown[_i].type, unknown[_i].at, unknown[_i].byte);
    follow(entries, 3);
    blob_release(entries[1].payload);
    ck_assert_ptr_nonnull(node_stop_reason(node));
    ck_assert_ptr_nonnull(strstr(node_stop_reason(node), "this version cannot read: run the newest cleatd"));
    ck_assert_int_eq(said(unknown[_i].event), 1);
    ck_assert_uint_le(store_applied(*parts.store), 2);
}
END_TEST

/* They are looked at when they hold, not when they come. */
START_TEST(limits_that_cannot_be_read_end_the_node)
{
    struct raft_entry entry = {.index = 2, .term = 2, .type = RAFT_ENTRY_CONFIGURATION,
                               .payload = spoilt(RAFT_ENTRY_CONFIGURATION, EXTRA_AT, 3)};
    follow(&entry, 1);
    blob_release(entry.payload);
    ck_assert_ptr_nonnull(node_stop_reason(node));
    ck_assert_int_eq(said("unknown_limits"), 1);
}
END_TEST

/* Whoever reads that line alone learns what to look for. */
START_TEST(the_last_line_names_the_level)
{
    struct raft_entry entry = {.index = 2, .term = 2, .type = RAFT_ENTRY_COMMAND,
                               .payload = spoilt(RAFT_ENTRY_COMMAND, 36, LEVEL_KNOWN + 6)};
    follow(&entry, 1);
    blob_release(entry.payload);
    ck_assert_str_eq(node_stop_reason(node), "a committed entry (kind 4, of level 7) is one that this version cannot "
                                             "read: run the newest cleatd that runs in this cluster on this node too");
}
END_TEST

START_TEST(and_again_when_it_is_found_in_the_log)
{
    char reason[DISK_REASON_MAX];
    struct raft_entry entry = {.index = 2, .term = 2, .type = RAFT_ENTRY_CONFIGURATION};
    entry.payload = spoilt(RAFT_ENTRY_CONFIGURATION, 0, 3);
    struct disk_recovered recovered = {
        .identity = parts.peers->identity.directory, .term = 2, .life = 1, .entries = &entry, .entry_count = 1};
    struct store *store = store_open(1);
    ck_assert_ptr_null(node_open(&parts.env->options, disk, &recovered, store, 1, reason));
    ck_assert_ptr_nonnull(strstr(reason, "this version cannot read: run the newest cleatd"));
    store_close(store);
    blob_release(entry.payload);
}
END_TEST

/* The same leader's entries, all known: that is what is told apart. */
START_TEST(what_can_be_read_is_applied)
{
    struct raft_entry entries[] = {
        {.index = 2, .term = 2, .type = RAFT_ENTRY_NOOP},
        {.index = 3, .term = 2, .type = RAFT_ENTRY_COMMAND, .payload = spoilt(RAFT_ENTRY_COMMAND, 0, COMMAND_FORMAT)},
        {.index = 4, .term = 2, .type = RAFT_ENTRY_CONFIGURATION,
         .payload = spoilt(RAFT_ENTRY_CONFIGURATION, 0, 2)},
    };
    follow(entries, 3);
    blob_release(entries[1].payload);
    blob_release(entries[2].payload);
    ck_assert_ptr_null(node_stop_reason(node));
    ck_assert_uint_eq(store_applied(*parts.store), 4);
}
END_TEST

static void setup_empty(void)
{
    make_directory();
    peers = 3;
    start();
}

START_TEST(a_cluster_that_cannot_be_read_ends_an_empty_node)
{
    static const uint8_t newer[] = {3, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t broken[] = {2, 1, 2, 3, 4, 5, 6, 7, 8};
    bootstrap_received(parts.peers, parts.env, 2, broken, sizeof broken);
    ck_assert_ptr_null(node_stop_reason(node)); /* told, and waited out */
    bootstrap_received(parts.peers, parts.env, 2, newer, sizeof newer);
    ck_assert_ptr_nonnull(strstr(node_stop_reason(node), "this version cannot read: run the newest cleatd"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("node/newer");
    TCase *following = tcase_create("following"), *empty = tcase_create("empty");
    tcase_add_checked_fixture(following, begin_following, teardown);
    tcase_add_loop_test(following, an_entry_that_cannot_be_read_ends_the_node, 0,
                        (int)(sizeof unknown / sizeof *unknown));
    tcase_add_test(following, limits_that_cannot_be_read_end_the_node);
    tcase_add_test(following, the_last_line_names_the_level);
    tcase_add_test(following, and_again_when_it_is_found_in_the_log);
    tcase_add_test(following, what_can_be_read_is_applied);
    suite_add_tcase(suite, following);
    tcase_add_checked_fixture(empty, setup_empty, teardown);
    tcase_add_test(empty, a_cluster_that_cannot_be_read_ends_an_empty_node);
    suite_add_tcase(suite, empty);
    return check_run(suite);
}
