/* The leader's door: each gateway's commands in the order of their numbers, once. */
#include "node/leader/admission.h"

#include "support/check.h"

static struct blob *some_command(void)
{
    struct blob *blob = blob_new(8);
    ck_assert_ptr_nonnull(blob);
    return blob;
}

static struct store *store;
static struct admission admission;

static void setup(void)
{
    store = store_open(1);
    admission = (struct admission){0};
    admission_open(&admission, 5);
}

static void teardown(void)
{
    admission_close(&admission);
    store_close(store);
}

static struct admission_gateway *opened(uint32_t id, uint64_t epoch)
{
    struct admission_gateway *gateway = admission_gateway(&admission, id, store);
    ck_assert_ptr_nonnull(gateway);
    admission_opening(gateway, 1000 + id, epoch);
    return gateway;
}

START_TEST(takes_only_the_next_number)
{
    struct admission_gateway *gateway = opened(1, 10);
    ck_assert(!admission_wants(gateway, 10, 2));
    ck_assert(admission_wants(gateway, 10, 1));
    admission_take(gateway, some_command());
    ck_assert(!admission_wants(gateway, 10, 1)); /* a repeat */
    ck_assert(admission_wants(gateway, 10, 2));
}
END_TEST

START_TEST(asks_for_a_gap_but_not_for_a_repeat)
{
    struct admission_gateway *gateway = opened(1, 10);
    admission_take(gateway, some_command());
    ck_assert(!admission_wants(gateway, 10, 1));
    ck_assert(!gateway->asked);
    ck_assert(!admission_wants(gateway, 10, 3));
    ck_assert(gateway->asked);
}
END_TEST

START_TEST(refuses_other_epochs)
{
    struct admission_gateway *gateway = admission_gateway(&admission, 1, store);
    ck_assert(!admission_wants(gateway, 0, 1)); /* never opened */
    admission_opening(gateway, 7, 10);
    ck_assert(!admission_wants(gateway, 9, 1));
    ck_assert(!admission_wants(gateway, 11, 1));
}
END_TEST

START_TEST(a_new_opening_drops_what_waits_of_the_old)
{
    struct admission_gateway *gateway = opened(1, 10);
    admission_take(gateway, some_command());
    admission_take(gateway, some_command());
    admission_opening(gateway, 8, 20);
    ck_assert_ptr_null(admission_peek(&admission));
    ck_assert(admission_wants(gateway, 20, 1));
}
END_TEST

START_TEST(gateways_take_turns)
{
    struct admission_gateway *first = opened(1, 10), *second = opened(2, 11);
    struct blob *blobs[4];
    for (int i = 0; i < 4; i++)
        blobs[i] = some_command();
    admission_take(first, blobs[0]);
    admission_take(first, blobs[1]);
    admission_take(second, blobs[2]);
    admission_take(second, blobs[3]);
    const int order[] = {0, 2, 1, 3};
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_eq(admission_peek(&admission), blobs[order[i]]);
        blob_release(admission_pop(&admission));
    }
    ck_assert_ptr_null(admission_peek(&admission));
}
END_TEST

START_TEST(keeps_order_while_its_queue_grows)
{
    struct admission_gateway *gateway = opened(1, 10);
    struct blob *blobs[500];
    int out = 0;
    for (int i = 0; i < 500; i++) {
        blobs[i] = some_command();
        admission_take(gateway, blobs[i]);
        if (i % 3 == 0) {
            ck_assert_ptr_eq(admission_peek(&admission), blobs[out]);
            blob_release(admission_pop(&admission));
            out++;
        }
    }
    for (; out < 500; out++) {
        ck_assert_ptr_eq(admission_peek(&admission), blobs[out]);
        blob_release(admission_pop(&admission));
    }
}
END_TEST

START_TEST(gateways_are_bounded)
{
    for (uint32_t id = 1; id <= STORE_GATEWAYS_MAX; id++)
        ck_assert_ptr_nonnull(admission_gateway(&admission, id, store));
    ck_assert_ptr_null(admission_gateway(&admission, STORE_GATEWAYS_MAX + 1, store));
    ck_assert_ptr_nonnull(admission_gateway(&admission, 1, store));
}
END_TEST

static void take(struct admission_gateway *gateway, int count)
{
    for (int i = 0; i < count; i++)
        admission_take(gateway, some_command());
}

/* Else the seventeenth id that a cluster ever sees could never write. */
START_TEST(who_is_no_member_any_more_has_no_door)
{
    struct raft_configuration members = {.count = 2, .members = {{.id = 2}, {.id = 4}}};
    for (uint32_t id = 1; id <= 5; id++)
        take(opened(id, 10 + id), (int)id);
    admission_retain(&admission, &members);
    ck_assert_uint_eq(admission_gateway(&admission, 4, store)->received, 4);
    ck_assert_uint_eq(admission_gateway(&admission, 2, store)->received, 2);
    int left = 0;
    for (struct blob *command; (command = admission_peek(&admission)) != NULL; left++) {
        ck_assert_ptr_eq(admission_pop(&admission), command);
        blob_release(command);
    }
    ck_assert_int_eq(left, 2 + 4); /* what waits of the others is gone */
    ck_assert_uint_eq(admission_gateway(&admission, 3, store)->received, 0); /* it is a stranger */
    for (uint32_t id = 11; id <= STORE_GATEWAYS_MAX + 10 - 3; id++)
        ck_assert_ptr_nonnull(admission_gateway(&admission, id, store));
    ck_assert_ptr_null(admission_gateway(&admission, 99, store));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tests = tcase_create("door");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, takes_only_the_next_number);
    tcase_add_test(tests, asks_for_a_gap_but_not_for_a_repeat);
    tcase_add_test(tests, refuses_other_epochs);
    tcase_add_test(tests, a_new_opening_drops_what_waits_of_the_old);
    tcase_add_test(tests, gateways_take_turns);
    tcase_add_test(tests, keeps_order_while_its_queue_grows);
    tcase_add_test(tests, gateways_are_bounded);
    tcase_add_test(tests, who_is_no_member_any_more_has_no_door);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
