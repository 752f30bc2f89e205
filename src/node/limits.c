#include "node/limits.h"

#include "base/bytes.h"
#include "base/ensure.h"
#include "protocol/level.h"

enum { LIMITS_FORMAT = 2, LIMITS_SIZE = 1 + 8 + 8 + 4 + 8 + 2 + 1, LIMITS_OPEN = 1 };

_Static_assert((int)LIMITS_SIZE <= (int)RAFT_EXTRA_MAX, "they fit");

void limits_encode(const struct limits *limits, struct raft_configuration *configuration)
{
    ensure(limits->window_max > 0 && limits->window_max <= LIMIT_WINDOW);
    ensure(limits->value_max_bytes <= LIMIT_VALUE_MAX && limits->window_max_bytes >= limits->value_max_bytes);
    uint8_t *extra = configuration->extra;
    extra[0] = LIMITS_FORMAT;
    bytes_put_u64(extra + 1, limits->value_max_bytes);
    bytes_put_u64(extra + 9, limits->memory_max_bytes);
    bytes_put_u32(extra + 17, (uint32_t)limits->window_max);
    bytes_put_u64(extra + 21, limits->window_max_bytes);
    bytes_put_u16(extra + 29, (uint16_t)limits->level);
    extra[31] = LIMITS_OPEN;
    configuration->extra_size = LIMITS_SIZE;
}

bool limits_decode(const struct raft_configuration *configuration, struct limits *limits)
{
    struct reader reader = reader_of(configuration->extra, configuration->extra_size);
    if (reader_u8(&reader) != LIMITS_FORMAT)
        return false;
    limits->value_max_bytes = reader_u64(&reader);
    limits->memory_max_bytes = reader_u64(&reader);
    limits->window_max = reader_u32(&reader);
    limits->window_max_bytes = reader_u64(&reader);
    limits->level = reader_u16(&reader);
    uint8_t open = reader_u8(&reader);
    return !reader.bad && reader_left(&reader) == 0 && open == LIMITS_OPEN &&
           limits->value_max_bytes <= LIMIT_VALUE_MAX && limits->window_max > 0 && limits->window_max <= LIMIT_WINDOW &&
           limits->window_max_bytes >= limits->value_max_bytes && limits->level >= LEVEL_BASE;
}
