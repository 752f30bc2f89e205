#include "node/meter.h"

#include "protocol/command.h"
#include "support/check.h"

START_TEST(a_duration_is_in_the_first_bucket_that_takes_it)
{
    struct meter_histogram histogram = {0};
    meter_duration(&histogram, 0);
    meter_duration(&histogram, meter_bounds_us[0]);
    meter_duration(&histogram, meter_bounds_us[0] + 1);
    meter_duration(&histogram, meter_bounds_us[METER_BUCKETS - 2] + 1);
    ck_assert_uint_eq(histogram.buckets[0], 2);
    ck_assert_uint_eq(histogram.buckets[1], 1);
    ck_assert_uint_eq(histogram.buckets[METER_BUCKETS - 1], 1);
    ck_assert_uint_eq(histogram.sum_us, 2 * meter_bounds_us[0] + 1 + meter_bounds_us[METER_BUCKETS - 2] + 1);
    for (unsigned i = 1; i < METER_BUCKETS - 1; i++)
        ck_assert_uint_gt(meter_bounds_us[i], meter_bounds_us[i - 1]);
}
END_TEST

START_TEST(every_change_has_its_verb)
{
    const struct command command = {.kind = COMMAND_WRITE, .name = (const uint8_t *)"x", .name_size = 1};
    struct blob *blob = command_encode(&command);
    ck_assert_int_eq(meter_verb(blob), VERB_WRITE);
    for (unsigned kind = 0; kind < 256; kind++) {
        blob->bytes[1] = (uint8_t)kind;
        bool counted = command_changes((enum command_kind)kind) || kind == COMMAND_TXN || kind == COMMAND_RAISE;
        ck_assert_msg((meter_verb(blob) != VERB_NONE) == counted, "kind %u", kind);
    }
    blob->bytes[1] = COMMAND_DELETE;
    ck_assert_int_eq(meter_verb(blob), VERB_DELETE);
    blob_release(blob);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meter");
    TCase *tests = tcase_create("meter");
    tcase_add_test(tests, a_duration_is_in_the_first_bucket_that_takes_it);
    tcase_add_test(tests, every_change_has_its_verb);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
