#include "base/list.h"

#include "support/check.h"

struct thing {
    int number;
    struct list link;
};

START_TEST(things_stay_in_the_order_of_adding)
{
    struct list ring;
    struct thing things[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&ring);
    ck_assert(list_empty(&ring));
    for (int i = 0; i < 3; i++)
        list_add_last(&ring, &things[i].link);
    ck_assert_int_eq(list_item(ring.next, struct thing, link)->number, 1);
    list_remove(&things[1].link);
    ck_assert(!list_linked(&things[1].link));
    ck_assert_int_eq(list_item(ring.next->next, struct thing, link)->number, 3);
    list_add_last(&ring, &things[1].link);
    ck_assert_int_eq(list_item(ring.previous, struct thing, link)->number, 2);
}
END_TEST

START_TEST(moving_takes_all_to_the_end)
{
    struct list ring;
    struct list from;
    struct thing things[3] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&ring);
    list_init(&from);
    list_move(&ring, &from);
    ck_assert(list_empty(&ring));
    list_add_last(&ring, &things[0].link);
    list_add_last(&from, &things[1].link);
    list_add_last(&from, &things[2].link);
    list_move(&ring, &from);
    ck_assert(list_empty(&from));
    int expected = 1;
    for (struct list *link = ring.next; link != &ring; link = link->next)
        ck_assert_int_eq(list_item(link, struct thing, link)->number, expected++);
    ck_assert_int_eq(expected, 4);
    ck_assert_ptr_eq(ring.previous, &things[2].link);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("list");
    TCase *tests = tcase_create("list");
    tcase_add_test(tests, things_stay_in_the_order_of_adding);
    tcase_add_test(tests, moving_takes_all_to_the_end);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
