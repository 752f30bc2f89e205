#include "base/hash.h"

#include <string.h>
#include <sys/uio.h>

#include "support/check.h"

/* Checksums on disk and wire rest on this: it must be the same everywhere and for ever. */
START_TEST(it_is_xxh3_with_a_seed)
{
    ck_assert_uint_eq(hash_bytes("", 0, 0), 0x2d06800538d394c2);
    ck_assert_uint_ne(hash_bytes("a", 1, 0), hash_bytes("a", 1, 1));
    ck_assert_uint_ne(hash_bytes("a", 1, 0), hash_bytes("b", 1, 0));
    ck_assert_uint_eq(hash_bytes("abc", 2, 5), hash_bytes("abd", 2, 5));
}
END_TEST

START_TEST(pieces_hash_as_their_whole)
{
    char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    for (size_t size = 0; size <= sizeof bytes; size += 53) {
        for (size_t cut = 0; cut <= size; cut += 19) {
            struct iovec pieces[] = {{bytes, cut}, {bytes, 0}, {bytes + cut, size - cut}};
            ck_assert_uint_eq(hash_pieces(pieces, 3, 9), hash_bytes(bytes, size, 9));
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tests = tcase_create("hash");
    tcase_add_test(tests, it_is_xxh3_with_a_seed);
    tcase_add_test(tests, pieces_hash_as_their_whole);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
