#include "raft/configuration.h"

#include <string.h>

#include "base/random.h"
#include "support/check.h"
#include "support/guard.h"
#include "support/replica.h"

static struct raft_configuration sample(void)
{
    struct raft_configuration configuration;
    replica_configuration(&configuration, 5);
    configuration.members[4].role = RAFT_LEARNER;
    configuration.extra_size = 3;
    memcpy(configuration.extra, "abc", 3);
    configuration.members[4].flags = RAFT_MEMBER_PROMOTE;
    configuration.members[4].incarnation = 0;
    configuration.members[1].client_address[0] = '\0'; /* not known */
    return configuration;
}

START_TEST(comes_back_as_it_was)
{
    struct raft_configuration configuration = sample();
    struct raft_configuration decoded;
    struct buffer bytes = {0};
    raft_configuration_encode(&configuration, &bytes);
    ck_assert(raft_configuration_decode(buffer_start(&bytes), buffer_size(&bytes), &decoded));
    ck_assert_uint_eq(decoded.cluster_id, 77);
    ck_assert_uint_eq(decoded.count, 5);
    ck_assert_uint_eq(decoded.extra_size, 3);
    ck_assert_mem_eq(decoded.extra, "abc", 3);
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(decoded.members[i].id, i + 1);
        ck_assert_uint_eq(decoded.members[i].incarnation, i == 4 ? 0 : 101 + i);
        ck_assert_uint_eq(decoded.members[i].flags, i == 4 ? RAFT_MEMBER_PROMOTE : 0);
        ck_assert_str_eq(decoded.members[i].client_address, configuration.members[i].client_address);
        ck_assert_int_eq(decoded.members[i].role, i == 4 ? RAFT_LEARNER : RAFT_VOTER);
        ck_assert_str_eq(decoded.members[i].address, configuration.members[i].address);
    }
    buffer_close(&bytes);
}
END_TEST

START_TEST(bytes_are_as_documented)
{
    struct raft_configuration configuration = {.cluster_id = 0x0102, .count = 1, .extra_size = 1, .extra = {9}};
    configuration.members[0] = (struct raft_member){.id = 3, .incarnation = 7, .role = RAFT_VOTER, .flags = 1,
                                                    .address = "a:1", .client_address = "c:22"};
    struct buffer bytes = {0};
    raft_configuration_encode(&configuration, &bytes);
    const uint8_t expected[] = {2,                       /* format */
                                2, 1, 0, 0, 0, 0, 0, 0,  /* cluster id */
                                1, 0, 9,                 /* extra */
                                1,                       /* count */
                                3, 0, 0, 0,              /* id */
                                7, 0, 0, 0, 0, 0, 0, 0,  /* incarnation */
                                1, 1,                    /* role, flags */
                                3, 'a', ':', '1', 4, 'c', ':', '2', '2'};
    ck_assert_uint_eq(buffer_size(&bytes), sizeof expected);
    ck_assert_mem_eq(buffer_start(&bytes), expected, sizeof expected);
    buffer_close(&bytes);
}
END_TEST

START_TEST(no_truncation_passes)
{
    struct raft_configuration configuration = sample();
    struct raft_configuration decoded;
    struct buffer bytes = {0};
    struct guard guard;
    guard_open(&guard);
    raft_configuration_encode(&configuration, &bytes);
    for (size_t size = 0; size < buffer_size(&bytes); size++)
        ck_assert(!raft_configuration_decode(guard_copy(&guard, buffer_start(&bytes), size), size, &decoded));
    buffer_append_u8(&bytes, 0);
    ck_assert(!raft_configuration_decode(buffer_start(&bytes), buffer_size(&bytes), &decoded));
    guard_close(&guard);
    buffer_close(&bytes);
}
END_TEST

/* Whatever the bytes are, decoding stays within them, and what it lets through can be encoded again. */
START_TEST(any_bytes)
{
    struct random random = {.state = 1};
    struct raft_configuration configuration = sample();
    struct buffer bytes = {0};
    struct guard guard;
    guard_open(&guard);
    raft_configuration_encode(&configuration, &bytes);
    for (int i = 0; i < 20000; i++) {
        size_t size = buffer_size(&bytes);
        uint8_t *copy = guard_copy(&guard, buffer_start(&bytes), size);
        for (uint64_t flips = random_between(&random, 1, 3); flips > 0; flips--)
            copy[random_between(&random, 0, size - 1)] = (uint8_t)random_u64(&random);
        struct raft_configuration decoded;
        if (!raft_configuration_decode(copy, size, &decoded))
            continue;
        struct buffer again = {0};
        raft_configuration_encode(&decoded, &again);
        ck_assert_uint_eq(buffer_size(&again), size);
        ck_assert_mem_eq(buffer_start(&again), copy, size);
        buffer_close(&again);
    }
    guard_close(&guard);
    buffer_close(&bytes);
}
END_TEST

/* Nine members with the longest addresses: they must fit into a file's first block. */
START_TEST(the_largest)
{
    struct raft_configuration configuration = {.cluster_id = UINT64_MAX, .count = RAFT_MEMBERS_MAX,
                                               .extra_size = RAFT_EXTRA_MAX}, decoded;
    struct buffer bytes = {0};
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++) {
        struct raft_member *member = &configuration.members[i];
        *member = (struct raft_member){.id = i + 1, .incarnation = 1, .role = RAFT_VOTER};
        memset(member->address, 'p', RAFT_ADDRESS_MAX);
        memset(member->client_address, 'c', RAFT_ADDRESS_MAX);
    }
    raft_configuration_encode(&configuration, &bytes);
    ck_assert_uint_eq(buffer_size(&bytes), RAFT_CONFIGURATION_BYTES_MAX);
    ck_assert(raft_configuration_decode(buffer_start(&bytes), buffer_size(&bytes), &decoded));
    ck_assert_mem_eq(&decoded.members[8], &configuration.members[8], sizeof decoded.members[8]);
    buffer_close(&bytes);
}
END_TEST

/* How CONFIGURATION reads with the byte AT changed: 'g' good, 'b' bad, 'n' newer, which is never decoded. */
static char reads(const struct raft_configuration *configuration, size_t at, uint8_t value)
{
    struct raft_configuration decoded;
    struct buffer bytes = {0};
    raft_configuration_encode(configuration, &bytes);
    buffer_start(&bytes)[at] = value;
    bool good = raft_configuration_decode(buffer_start(&bytes), buffer_size(&bytes), &decoded);
    bool newer = raft_configuration_is_newer(buffer_start(&bytes), buffer_size(&bytes));
    ck_assert(!good || !newer);
    buffer_close(&bytes);
    return good ? 'g' : newer ? 'n' : 'b';
}

START_TEST(what_is_newer_is_told_from_what_is_bad)
{
    struct raft_configuration configuration;
    replica_configuration(&configuration, 2);
    size_t first = 1 + 8 + 2 + 1;
    size_t second = first + 4 + 8 + 1 + 1 + 2 + strlen(configuration.members[0].address) +
                    strlen(configuration.members[0].client_address);
    static const struct {
        size_t at; /* in a member */
        uint8_t byte;
        char reads;
    } bytes[] = {
        {12, RAFT_LEARNER, 'g'}, {12, 0, 'b'}, {12, 3, 'n'}, {12, 255, 'n'},
        {13, 0, 'g'},            {13, 1, 'g'}, {13, 2, 'n'}, {13, 128, 'n'}, {13, 3, 'n'},
    };
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        ck_assert_int_eq(reads(&configuration, first + bytes[i].at, bytes[i].byte), bytes[i].reads);
        ck_assert_int_eq(reads(&configuration, second + bytes[i].at, bytes[i].byte), bytes[i].reads);
    }
    for (unsigned format = 0; format < 256; format++)
        ck_assert_int_eq(reads(&configuration, 0, (uint8_t)format), format < 2 ? 'b' : format == 2 ? 'g' : 'n');
    ck_assert(!raft_configuration_is_newer(NULL, 0));
}
END_TEST

START_TEST(who_is_awaited_is_a_learner)
{
    struct raft_configuration configuration;
    replica_configuration(&configuration, 2);
    configuration.members[1].incarnation = 1;
    size_t second = 1 + 8 + 2 + 1 + 4 + 8 + 1 + 1 + 2 + strlen(configuration.members[0].address) +
                    strlen(configuration.members[0].client_address);
    ck_assert_int_eq(reads(&configuration, second + 4, 0), 'b');
    configuration.members[1].role = RAFT_LEARNER;
    ck_assert_int_eq(reads(&configuration, second + 4, 0), 'g');
}
END_TEST

static bool passes(const struct raft_configuration *configuration, size_t at, uint8_t value)
{
    struct raft_configuration decoded;
    struct buffer bytes = {0};
    raft_configuration_encode(configuration, &bytes);
    buffer_start(&bytes)[at] = value;
    bool good = raft_configuration_decode(buffer_start(&bytes), buffer_size(&bytes), &decoded);
    buffer_close(&bytes);
    return good;
}

START_TEST(refuses_what_makes_no_sense)
{
    struct raft_configuration configuration;
    replica_configuration(&configuration, 2);
    size_t first = 1 + 8 + 2 + 1; /* the first member */
    size_t address = strlen(configuration.members[0].address), client = strlen(configuration.members[0].client_address);
    size_t member = 4 + 8 + 1 + 1 + 1 + address + 1 + client;
    ck_assert(passes(&configuration, first, 1));
    ck_assert_msg(!passes(&configuration, 0, 3), "a format of the future");
    ck_assert_msg(!passes(&configuration, first, 0), "id 0");
    ck_assert_msg(!passes(&configuration, first, 2), "the same id twice");
    ck_assert_msg(!passes(&configuration, first + member, 1), "ids that fall");
    ck_assert_msg(!passes(&configuration, first + 12, 0), "no role");
    ck_assert_msg(!passes(&configuration, first + 12, 3), "an unknown role");
    ck_assert_msg(!passes(&configuration, first + 15, ' '), "a space in an address");
    ck_assert_msg(!passes(&configuration, first + 15, 0), "a NUL in an address");
    ck_assert_msg(!passes(&configuration, first + 16 + address, ' '), "a space in a client's address");
    ck_assert_msg(!passes(&configuration, first + 15 + address, 121), "a long one");
    ck_assert_msg(!passes(&configuration, first + 14, 255), "a long address");
    ck_assert_msg(!passes(&configuration, first - 1, 10), "too many members");
    ck_assert_msg(!passes(&configuration, 10, 255), "much too long an extra");
    configuration.members[0].role = RAFT_LEARNER;
    ck_assert(passes(&configuration, 0, 2));
    ck_assert_msg(!passes(&configuration, first + member + 12, RAFT_LEARNER), "no voter");
}
END_TEST

START_TEST(counts_voters)
{
    struct raft_configuration configuration = sample();
    ck_assert_uint_eq(raft_configuration_voters(&configuration), 4);
    ck_assert_uint_eq(raft_configuration_quorum(&configuration), 3);
    configuration.members[4].role = RAFT_VOTER;
    ck_assert_uint_eq(raft_configuration_quorum(&configuration), 3);
    ck_assert_ptr_eq(raft_configuration_member(&configuration, 3), &configuration.members[2]);
    ck_assert_ptr_null(raft_configuration_member(&configuration, 6));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raft/configuration");
    TCase *tests = tcase_create("configuration");
    tcase_add_test(tests, comes_back_as_it_was);
    tcase_add_test(tests, bytes_are_as_documented);
    tcase_add_test(tests, no_truncation_passes);
    tcase_add_test(tests, the_largest);
    tcase_add_test(tests, what_is_newer_is_told_from_what_is_bad);
    tcase_add_test(tests, who_is_awaited_is_a_learner);
    tcase_add_test(tests, any_bytes);
    tcase_add_test(tests, refuses_what_makes_no_sense);
    tcase_add_test(tests, counts_voters);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
