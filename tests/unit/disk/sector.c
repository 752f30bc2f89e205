/* Sectors: what was written comes back, and whatever else is in one's place is told from it. */
#include "support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "disk/block.h"
#include "disk/sector.h"

enum { ID = 12345, OFFSET = BLOCK_SIZE + 3 * SECTOR_BYTES };

static void fill(struct random *random, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_u64(random);
}

START_TEST(every_flipped_bit_is_damage)
{
    struct random random = {.state = 1};
    uint8_t sector[SECTOR_BYTES] = {0};
    fill(&random, sector, _i == 0 ? SECTOR_STREAM : (size_t)_i);
    sector_seal(sector, ID, OFFSET);
    ck_assert_int_eq(sector_state(sector, ID, OFFSET), SECTOR_OURS);
    for (size_t bit = 0; bit < sizeof sector * 8; bit++) {
        sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(sector_state(sector, ID, OFFSET), SECTOR_DAMAGED);
        ck_assert_int_eq(sector_state(sector, ID + 1, OFFSET), SECTOR_DAMAGED);
        sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(every_bit_in_zeros_is_damage)
{
    uint8_t sector[SECTOR_BYTES] = {0};
    ck_assert_int_eq(sector_state(sector, ID, OFFSET), SECTOR_OLD);
    for (size_t bit = 0; bit < sizeof sector * 8; bit++) {
        sector[bit / 8] = (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(sector_state(sector, ID, OFFSET), SECTOR_DAMAGED);
        sector[bit / 8] = 0;
    }
}
END_TEST

START_TEST(one_of_another_life_and_one_of_another_place)
{
    struct random random = {.state = 2};
    uint8_t sector[SECTOR_BYTES];
    fill(&random, sector, SECTOR_STREAM);
    sector_seal(sector, ID, OFFSET);
    ck_assert_int_eq(sector_state(sector, ID + 1, OFFSET), SECTOR_OLD);
    ck_assert_int_eq(sector_state(sector, ID, OFFSET + SECTOR_BYTES), SECTOR_DAMAGED);
    ck_assert_int_eq(sector_state(sector, ID, OFFSET - SECTOR_BYTES), SECTOR_DAMAGED);
}
END_TEST

START_TEST(a_stream_of_every_length_comes_back)
{
    struct random random = {.state = 3};
    uint8_t bytes[3 * SECTOR_STREAM + 7];
    fill(&random, bytes, sizeof bytes);
    for (size_t size = 1; size <= sizeof bytes; size += size % 97 == 0 ? 60 : 1) {
        size_t sectors_size;
        uint8_t *sectors = sector_stream_encode(bytes, size, ID, &sectors_size);
        ck_assert_uint_eq(sectors_size, sector_file_bytes(size));
        struct sector_stream stream;
        sector_stream_decode(&stream, sectors, sectors_size, ID);
        ck_assert_uint_ge(stream.size, size);
        ck_assert_uint_lt(stream.size, size + SECTOR_STREAM);
        ck_assert_uint_eq(stream.whole, stream.size);
        ck_assert_uint_eq(stream.damaged, stream.size);
        ck_assert_mem_eq(stream.bytes, bytes, size);
        for (size_t i = size; i < stream.size; i++)
            ck_assert_uint_eq(stream.bytes[i], 0);
        sector_stream_close(&stream);
    }
}
END_TEST

/* Of six sectors each is ours, old, zeros or damaged: the stream has zeros for those that are not ours. */
START_TEST(every_mixture_of_six)
{
    enum { COUNT = 6, KINDS = 4 };
    struct random random = {.state = 4};
    uint8_t bytes[COUNT * SECTOR_STREAM];
    fill(&random, bytes, sizeof bytes);
    for (unsigned mixture = 0; mixture < 1u << 2 * COUNT; mixture++) {
        size_t size, whole = COUNT, damaged = COUNT;
        uint8_t *sectors = sector_stream_encode(bytes, sizeof bytes, ID, &size);
        for (size_t i = COUNT; i-- > 0;) {
            unsigned kind = mixture >> 2 * i & 3;
            uint8_t *sector = sectors + i * SECTOR_BYTES;
            if (kind == 1)
                sector_seal(sector, ID + 1 + i, BLOCK_SIZE + i * SECTOR_BYTES);
            else if (kind == 2)
                memset(sector, 0, SECTOR_BYTES);
            else if (kind == 3)
                sector[i * 80]++;
            whole = kind != 0 ? i : whole;
            damaged = kind == 3 ? i : damaged;
        }
        struct sector_stream stream;
        sector_stream_decode(&stream, sectors, size, ID);
        ck_assert_uint_eq(stream.whole, whole * SECTOR_STREAM);
        ck_assert_uint_eq(stream.damaged, damaged * SECTOR_STREAM);
        for (size_t i = 0; i < COUNT; i++) {
            static const uint8_t zeros[SECTOR_STREAM];
            bool ours = (mixture >> 2 * i & 3) == 0;
            ck_assert_mem_eq(stream.bytes + i * SECTOR_STREAM, ours ? bytes + i * SECTOR_STREAM : zeros, SECTOR_STREAM);
        }
        sector_stream_close(&stream);
    }
}
END_TEST

START_TEST(offsets_in_stream_and_file)
{
    ck_assert_uint_eq(sector_file_offset(0), 4096);
    ck_assert_uint_eq(sector_file_offset(495), 4096 + 495);
    ck_assert_uint_eq(sector_file_offset(496), 4096 + 512);
    ck_assert_uint_eq(sector_file_offset(496 * 10 + 3), 4096 + 5120 + 3);
    ck_assert_uint_eq(sector_stream_bytes(1024), 992);
    ck_assert_uint_eq(sector_file_bytes(0), 0);
    ck_assert_uint_eq(sector_file_bytes(1), 512);
    ck_assert_uint_eq(sector_file_bytes(496), 512);
    ck_assert_uint_eq(sector_file_bytes(497), 1024);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disk/sector");
    TCase *tcase = tcase_create("sector");
    tcase_add_loop_test(tcase, every_flipped_bit_is_damage, 0, 3);
    tcase_add_test(tcase, every_bit_in_zeros_is_damage);
    tcase_add_test(tcase, one_of_another_life_and_one_of_another_place);
    tcase_add_test(tcase, a_stream_of_every_length_comes_back);
    tcase_add_test(tcase, every_mixture_of_six);
    tcase_add_test(tcase, offsets_in_stream_and_file);
    suite_add_tcase(suite, tcase);
    return check_run(suite);
}
