#include "sim/change.h"

#include <string.h>

#include "base/hash.h"

static uint64_t digest_of(const struct change *change, uint64_t hash)
{
    const uint64_t fields[] = {(uint64_t)change->kind, change->exact,        change->version,
                               change->source_version, change->exptime_s,    (uint64_t)change->delta,
                               change->name_size,      change->contents_size, change->level};
    hash = hash_bytes(fields, sizeof fields, hash);
    hash = hash_bytes(change->name, change->name_size, hash);
    return hash_bytes(change->contents, change->contents_size, hash);
}

uint64_t asked_digest(const struct asked *asked)
{
    const uint64_t fields[] = {asked->transaction, asked->count, asked->token != NULL};
    uint64_t hash = hash_bytes(fields, sizeof fields, 0);
    for (size_t i = 0; i < asked->count; i++)
        hash = digest_of(&asked->changes[i], hash);
    return hash_bytes(asked->token, asked->token ? COMMAND_TOKEN_SIZE : 0, hash) | 1;
}

void asked_token(const char *text, uint8_t token[COMMAND_TOKEN_SIZE])
{
    hash_bytes_128(text, strlen(text), token);
}

struct named_file {
    const uint8_t *name;
    size_t size;
};

static size_t files_of(const struct change *change, struct named_file files[2])
{
    files[0] = (struct named_file){change->name, change->name_size};
    files[1] = (struct named_file){change->contents, change->contents_size};
    return change_has_source(change) ? 2 : 1;
}

bool change_meets(const struct change *a, const struct change *b)
{
    struct named_file of_a[2], of_b[2];
    size_t count_a = files_of(a, of_a), count_b = files_of(b, of_b);
    for (size_t i = 0; i < count_a; i++)
        for (size_t j = 0; j < count_b; j++)
            if (of_a[i].size == of_b[j].size && memcmp(of_a[i].name, of_b[j].name, of_a[i].size) == 0)
                return true;
    return false;
}
