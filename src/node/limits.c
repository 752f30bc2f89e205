#include "node/limits.h"

#include "base/bytes.h"

enum { LIMITS_FORMAT = 1, LIMITS_SIZE = 1 + 4 * 8 };

void limits_encode(const struct limits *limits, struct raft_configuration *configuration)
{
    uint8_t *extra = configuration->extra;
    extra[0] = LIMITS_FORMAT;
    bytes_put_u64(extra + 1, limits->value_max_bytes);
    bytes_put_u64(extra + 9, limits->memory_max_bytes);
    bytes_put_u64(extra + 17, limits->window_max);
    bytes_put_u64(extra + 25, limits->window_max_bytes);
    configuration->extra_size = LIMITS_SIZE;
}

bool limits_decode(const struct raft_configuration *configuration, struct limits *limits)
{
    struct reader reader = reader_of(configuration->extra, configuration->extra_size);
    if (reader_u8(&reader) != LIMITS_FORMAT)
        return false;
    limits->value_max_bytes = reader_u64(&reader);
    limits->memory_max_bytes = reader_u64(&reader);
    limits->window_max = reader_u64(&reader);
    limits->window_max_bytes = reader_u64(&reader);
    return !reader.bad && reader_left(&reader) == 0 && limits->value_max_bytes <= LIMIT_VALUE_MAX &&
           limits->window_max > 0 && limits->window_max <= LIMIT_WINDOW &&
           limits->window_max_bytes >= limits->value_max_bytes;
}
