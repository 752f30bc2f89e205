/* Many short storms. `storm SEED [COUNT]` runs those alone, and says what was in each. */
#include <stdlib.h>

#include "support/check.h"
#include "support/storm.h"

enum { SEEDS = 400, SEEDS_A_TEST = 20 };

START_TEST(seeds)
{
    for (int i = 1; i <= SEEDS_A_TEST; i++)
        storm_run((uint64_t)(_i * SEEDS_A_TEST + i), false);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1) {
        uint64_t seed = strtoull(argv[1], NULL, 10);
        uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
        for (uint64_t i = 0; i < count; i++)
            storm_run(seed + i, true);
        return EXIT_SUCCESS;
    }
    Suite *suite = suite_create("raft/storm");
    TCase *tests = tcase_create("storm");
    tcase_set_timeout(tests, 300);
    tcase_add_loop_test(tests, seeds, 0, SEEDS / SEEDS_A_TEST);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
