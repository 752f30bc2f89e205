#include "node/peers/hello.h"

#include "base/bytes.h"
#include "base/ensure.h"
#include "protocol/level.h"

enum { FLAG_FRESH = 1, FLAG_ROLLED_BACK = 2 };

const char hello_duplicate[] =
    "another process runs with its --id: stop one of them (a copied data directory, or an id that was given twice)";

void hello_encode(const struct peers *peers, const struct env *env, const struct raft *raft,
                  const struct node_link *link, struct buffer *out)
{
    const struct identity *identity = &peers->identity;
    ensure(identity->processes[0] != 0 && identity->directory.incarnation != 0); /* else it would not be understood */
    buffer_append_u32(out, FRAME_FORMAT);
    buffer_append_u8(out, (uint8_t)link->kind);
    buffer_append_u32(out, env->options.id);
    buffer_append_u32(out, link->peer);
    buffer_append_u64(out, identity->directory.incarnation);
    buffer_append_u64(out, identity->directory.configuration.cluster_id);
    buffer_append_u8(out, (uint8_t)((identity->directory.fresh ? FLAG_FRESH : 0) |
                                    (raft_rolled_back(raft) ? FLAG_ROLLED_BACK : 0)));
    buffer_append_u16(out, LEVEL_KNOWN);
    buffer_append_u64(out, identity->life);
    buffer_append_u64(out, identity->start_term);
    buffer_append_u64(out, identity->start_index);
    uint8_t count = 0;
    while (count < RAFT_LIVES_MAX && identity->processes[count] != 0)
        count++;
    buffer_append_u8(out, count);
    for (uint8_t i = 0; i < count; i++)
        buffer_append_u64(out, identity->processes[i]);
}

/* Flags that are not known here, and bytes behind the last process, are a newer program's: see rule 3 of
 * docs/FORMATS.md. */
bool hello_decode(const uint8_t *bytes, size_t size, struct hello *hello)
{
    struct reader reader = reader_of(bytes, size);
    *hello = (struct hello){.format = reader_u32(&reader)};
    hello->kind = reader_u8(&reader);
    hello->from = reader_u32(&reader);
    hello->to = reader_u32(&reader);
    if (hello->format != FRAME_FORMAT)
        return !reader.bad;
    hello->incarnation = reader_u64(&reader);
    hello->cluster_id = reader_u64(&reader);
    uint8_t flags = reader_u8(&reader);
    hello->fresh = (flags & FLAG_FRESH) != 0;
    hello->rolled_back = (flags & FLAG_ROLLED_BACK) != 0;
    hello->level = reader_u16(&reader);
    hello->life = reader_u64(&reader);
    hello->term = reader_u64(&reader);
    hello->durable_index = reader_u64(&reader);
    uint8_t count = reader_u8(&reader);
    if (count > RAFT_LIVES_MAX)
        return false;
    for (uint8_t i = 0; i < count; i++)
        if ((hello->processes[i] = reader_u64(&reader)) == 0)
            return false; /* none has that number, and bytes that are missing are read as zeros */
    return !reader.bad && hello->incarnation != 0 && count > 0 && hello->life != 0 && hello->level >= LEVEL_BASE;
}

/* Whether another process with the same id is linked, and stays. */
static bool is_duplicate(const struct peers *peers, const struct raft *raft, const struct hello *hello)
{
    const struct node_link *linked = peers_link(peers, hello->from, NODE_LINK_CONSENSUS);
    if (!linked || linked->process == hello->processes[0])
        return false;
    ensure(linked->up && linked->process != 0);
    const struct raft_member *member = raft_configuration_member(peers_members(peers, raft), hello->from);
    bool wins = member && member->incarnation == hello->incarnation && linked->incarnation != member->incarnation;
    return !wins;
}

const char *hello_refusal(const struct peers *peers, const struct env *env, const struct raft *raft,
                          const struct node_link *link, const struct hello *hello)
{
    uint64_t cluster_id = peers->identity.directory.configuration.cluster_id;
    if (hello->format != FRAME_FORMAT)
        return "it speaks another version of the peer protocol: run the same version of cleatd on all nodes";
    if (hello->kind != NODE_LINK_CONSENSUS && hello->kind != NODE_LINK_BULK)
        return "it wants a kind of link that is not known here: run the same version of cleatd on all nodes";
    if (link->peer != 0 && hello->kind != link->kind)
        return "it answers for another kind of link: run the same version of cleatd on all nodes";
    if (hello->from == env->options.id)
        return "it has this node's id: give each node an --id of its own, and each address in --cluster to one id";
    if (link->peer != 0 && link->peer != hello->from)
        return "a different node is at this address than --cluster says: correct --cluster, or that node's --id";
    if (!peers_look(peers, hello->from))
        return "--cluster does not name its id: give all nodes the same --cluster";
    if (hello->to != 0 && hello->to != env->options.id)
        return "it looks for another node at this address: correct its --cluster, or this node's --id";
    if (hello->cluster_id != 0 && cluster_id != 0 && hello->cluster_id != cluster_id)
        return "it belongs to another cluster: correct --cluster, or wipe the data of the one that is to join";
    if (hello->level < env->levels.reached)
        return "the cluster runs at a level that its version does not know: run the newest cleatd on all nodes";
    return is_duplicate(peers, raft, hello) ? hello_duplicate : NULL;
}
