#include "raft/configuration.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ensure.h"

enum { CONFIGURATION_FORMAT = 2 };

/* An address goes into log lines and to the resolver: printable, without spaces. */
static bool address_valid(const void *bytes, size_t size)
{
    const char *address = bytes;
    for (size_t i = 0; i < size; i++)
        if (address[i] <= ' ' || address[i] > '~')
            return false;
    return size <= RAFT_ADDRESS_MAX;
}

/* What cannot be decoded must never be promised. */
static void encode_address(const char *address, struct buffer *out)
{
    size_t size = strlen(address);
    ensure(address_valid(address, size));
    buffer_append_u8(out, (uint8_t)size);
    buffer_append(out, address, size);
}

void raft_configuration_encode(const struct raft_configuration *configuration, struct buffer *out)
{
    ensure(configuration->count > 0 && configuration->count <= RAFT_MEMBERS_MAX);
    ensure(configuration->extra_size <= RAFT_EXTRA_MAX);
    size_t before = buffer_size(out);
    buffer_append_u8(out, CONFIGURATION_FORMAT);
    buffer_append_u64(out, configuration->cluster_id);
    buffer_append_u16(out, (uint16_t)configuration->extra_size);
    buffer_append(out, configuration->extra, configuration->extra_size);
    buffer_append_u8(out, (uint8_t)configuration->count);
    for (uint32_t i = 0; i < configuration->count; i++) {
        const struct raft_member *member = &configuration->members[i];
        ensure(member->id > (i > 0 ? configuration->members[i - 1].id : 0));
        ensure(member->incarnation != 0 || member->role == RAFT_LEARNER);
        ensure((member->flags & ~RAFT_MEMBER_FLAGS) == 0);
        buffer_append_u32(out, member->id);
        buffer_append_u64(out, member->incarnation);
        buffer_append_u8(out, (uint8_t)member->role);
        buffer_append_u8(out, member->flags);
        encode_address(member->address, out);
        encode_address(member->client_address, out);
    }
    ensure(buffer_size(out) - before <= RAFT_CONFIGURATION_BYTES_MAX);
}

enum reading { READ_GOOD, READ_BAD, READ_NEWER };

static bool decode_address(struct reader *reader, char address[RAFT_ADDRESS_MAX + 1])
{
    size_t size = reader_u8(reader);
    const uint8_t *bytes = reader_bytes(reader, size);
    if (!bytes || !address_valid(bytes, size))
        return false;
    memcpy(address, bytes, size);
    address[size] = '\0';
    return true;
}

static enum reading decode_member(struct reader *reader, uint32_t id_before, struct raft_member *member)
{
    member->id = reader_u32(reader);
    member->incarnation = reader_u64(reader);
    uint8_t role = reader_u8(reader);
    member->flags = reader_u8(reader);
    if (reader->bad || member->id <= id_before || role == 0)
        return READ_BAD;
    if (role > RAFT_LEARNER || (member->flags & ~RAFT_MEMBER_FLAGS) != 0)
        return READ_NEWER;
    if (member->incarnation == 0 && role != RAFT_LEARNER)
        return READ_BAD;
    member->role = role == RAFT_VOTER ? RAFT_VOTER : RAFT_LEARNER;
    bool good = decode_address(reader, member->address) && decode_address(reader, member->client_address);
    return good ? READ_GOOD : READ_BAD;
}

static enum reading read_configuration(const uint8_t *bytes, size_t size, struct raft_configuration *configuration)
{
    *configuration = (struct raft_configuration){0};
    struct reader reader = reader_of(bytes, size);
    uint8_t format = reader_u8(&reader);
    if (format != CONFIGURATION_FORMAT)
        return format > CONFIGURATION_FORMAT ? READ_NEWER : READ_BAD;
    configuration->cluster_id = reader_u64(&reader);
    configuration->extra_size = reader_u16(&reader);
    if (configuration->extra_size > RAFT_EXTRA_MAX)
        return READ_BAD;
    const uint8_t *extra = reader_bytes(&reader, configuration->extra_size);
    if (!extra)
        return READ_BAD;
    memcpy(configuration->extra, extra, configuration->extra_size);
    configuration->count = reader_u8(&reader);
    if (configuration->count > RAFT_MEMBERS_MAX)
        return READ_BAD;
    uint32_t id_before = 0;
    for (uint32_t i = 0; i < configuration->count; i++) {
        enum reading reading = decode_member(&reader, id_before, &configuration->members[i]);
        if (reading != READ_GOOD)
            return reading;
        id_before = configuration->members[i].id;
    }
    bool good = !reader.bad && reader_left(&reader) == 0 && raft_configuration_voters(configuration) > 0;
    return good ? READ_GOOD : READ_BAD;
}

bool raft_configuration_decode(const uint8_t *bytes, size_t size, struct raft_configuration *configuration)
{
    return read_configuration(bytes, size, configuration) == READ_GOOD;
}

bool raft_configuration_is_newer(const uint8_t *bytes, size_t size)
{
    struct raft_configuration configuration;
    return read_configuration(bytes, size, &configuration) == READ_NEWER;
}

const struct raft_member *raft_configuration_member(const struct raft_configuration *configuration, uint32_t id)
{
    for (uint32_t i = 0; i < configuration->count; i++) {
        if (configuration->members[i].id == id)
            return &configuration->members[i];
    }
    return NULL;
}

uint32_t raft_configuration_voters(const struct raft_configuration *configuration)
{
    uint32_t voters = 0;
    for (uint32_t i = 0; i < configuration->count; i++)
        voters += configuration->members[i].role == RAFT_VOTER;
    return voters;
}

uint32_t raft_configuration_quorum(const struct raft_configuration *configuration)
{
    return raft_configuration_voters(configuration) / 2 + 1;
}
