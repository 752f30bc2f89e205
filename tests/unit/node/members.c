/* Who is a peer: the members of the newest configuration, and whoever else --cluster names. */
#include <stdio.h>

#include "protocol/command.h"
#include "solo.h"
#include "three.h"

/* A configuration with the members in IDS, "124"; each is at "m:ID". */
static struct raft_configuration configuration_of(const char *ids)
{
    struct raft_configuration configuration = {.cluster_id = 7};
    for (; *ids != '\0'; ids++) {
        struct raft_member *member = &configuration.members[configuration.count++];
        *member = (struct raft_member){.id = (uint32_t)(*ids - '0'), .incarnation = 101, .role = RAFT_VOTER};
        strcpy(member->address, "m:0");
        member->address[2] = *ids;
    }
    return configuration;
}

/* --- the list alone ---------------------------------------------------------------------------------------------- */

static struct env env;
static struct peers list;
static struct raft *raft;

/* The log of this node, 1, has a configuration with these members as its newest; none: it has none. */
static void follow(const char *ids)
{
    struct raft_start start = {.configuration = configuration_of(ids)};
    const struct raft_options options = {
        .id = 1, .incarnation = 101, .election_min_ms = 150, .election_max_ms = 300, .heartbeat_ms = 30,
        .append_bytes_max = 1000, .inflight_bytes_max = 10000, .inflight_count_max = 10, .seed = 1};
    if (raft)
        raft_close(raft);
    raft = raft_open(&options, &start);
    list.followed = 0; /* it is another log */
    peers_follow(&list, &env, raft);
}

/* --cluster names these, each at "n:ID". */
static void open_list(const char *ids)
{
    const struct disk_recovered recovered = {.life = 1, .processes = {9}, .identity = {.incarnation = 101}};
    const struct raft_configuration named = configuration_of(ids);
    memset(&env, 0, sizeof env);
    env.options.id = 1;
    env.options.peer_count = named.count;
    memcpy(env.options.peers, named.members, sizeof named.members);
    for (uint32_t i = 0; i < named.count; i++)
        env.options.peers[i].address[0] = 'n';
    peers_init(&list, &env, &recovered);
}

static void close_list(void)
{
    peers_close(&list);
    raft_close(raft);
    raft = NULL;
    buffer_close(&env.log);
}

static void expect_list(const char *text)
{
    char line[200] = "";
    for (uint32_t i = 0; i < list.count; i++) {
        size_t size = strlen(line);
        snprintf(line + size, sizeof line - size, "%s%u=%s", i > 0 ? " " : "", list.list[i].id, list.list[i].address);
    }
    ck_assert_str_eq(line, text);
}

/* Takes what is gone: ids, in the order in which it is told. */
static void expect_gone(const char *ids)
{
    struct peer_lost lost;
    for (; *ids != '\0'; ids++) {
        ck_assert(peers_take_lost(&list, &lost));
        ck_assert(lost.gone);
        ck_assert_uint_eq(lost.id, (uint32_t)(*ids - '0'));
    }
    ck_assert(!peers_take_lost(&list, &lost));
}

START_TEST(members_and_whom_cluster_names_are_peers)
{
    static const struct {
        const char *named, *members, *list;
    } cases[] = {
        {"123", "", "1=n:1 2=n:2 3=n:3"},
        {"123", "123", "1=n:1 2=n:2 3=n:3"},
        {"123", "1234", "1=n:1 2=n:2 3=n:3 4=m:4"},  /* --cluster does not name one */
        {"136", "12345", "1=n:1 2=m:2 3=n:3 4=m:4 5=m:5 6=n:6"},
        {"12345", "13", "1=n:1 2=n:2 3=n:3 4=n:4 5=n:5"}, /* it names some that are none */
        {"1", "1", "1=n:1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_list(cases[i].named);
        follow(cases[i].members);
        expect_list(cases[i].list);
        expect_gone("");
        close_list();
    }
}
END_TEST

START_TEST(who_is_neither_is_dropped)
{
    open_list("13");
    follow("1234");
    expect_list("1=n:1 2=m:2 3=n:3 4=m:4");
    follow("14"); /* 3 is no member any more, but still named */
    expect_gone("2");
    expect_list("1=n:1 3=n:3 4=m:4");
    follow("15");
    expect_gone("4");
    expect_list("1=n:1 3=n:3 5=m:5");
    follow("12");
    expect_gone("5");
    expect_list("1=n:1 2=m:2 3=n:3");
    ck_assert_uint_eq(peers_look(&list, 2)->incarnation, 0); /* not the one that it was */
    close_list();
}
END_TEST

START_TEST(a_member_that_moved_is_found_where_it_is)
{
    open_list("13");
    follow("123");
    struct raft_start start = {.configuration = configuration_of("123")};
    const struct raft_options options = {
        .id = 1, .incarnation = 101, .election_min_ms = 150, .election_max_ms = 300, .heartbeat_ms = 30,
        .append_bytes_max = 1000, .inflight_bytes_max = 10000, .inflight_count_max = 10, .seed = 1};
    strcpy(start.configuration.members[1].address, "new:2");
    strcpy(start.configuration.members[2].address, "new:3");
    raft_close(raft);
    raft = raft_open(&options, &start);
    list.followed = 0; /* it is another log */
    peers_follow(&list, &env, raft);
    expect_list("1=n:1 2=new:2 3=n:3"); /* for 3 --cluster says where it is */
    close_list();
}
END_TEST

/* As many as there can be: nine members, and nine others that are named. */
START_TEST(there_is_room_for_all)
{
    struct raft_configuration members = {.cluster_id = 7, .count = RAFT_MEMBERS_MAX};
    open_list("123456789");
    for (uint32_t i = 0; i < RAFT_MEMBERS_MAX; i++)
        members.members[i] = (struct raft_member){.id = 11 + i, .incarnation = 1, .role = RAFT_VOTER, .address = "m"};
    follow("");
    list.identity.directory.configuration = members; /* not in the log yet */
    peers_follow(&list, &env, raft);
    ck_assert_uint_eq(list.count, PEERS_MAX);
    list.identity.directory.configuration.count = 0;
    peers_follow(&list, &env, raft);
    ck_assert_uint_eq(list.count, RAFT_MEMBERS_MAX);
    ck_assert_uint_eq(list.lost_count, RAFT_MEMBERS_MAX);
    for (struct peer_lost lost; peers_take_lost(&list, &lost);)
        ck_assert(lost.gone);
    close_list();
}
END_TEST

/* --- in a node --------------------------------------------------------------------------------------------------- */

/* Node ID, as of a process of its own, calls for a link of that kind. */
static struct node_link *called_by(uint32_t id, enum node_link_kind kind)
{
    struct node_link *link = called_from("h:1");
    const struct hello hello = {.format = FRAME_FORMAT, .kind = (uint8_t)kind, .from = id, .to = 1, .cluster_id = 7,
                                .incarnation = 100 + id, .life = 1, .processes = {1000 * id}};
    say(link, &hello);
    return link;
}

/* Node 2, which leads in term 2, sends the entry after INDEX, of term 1 or 2: a configuration with IDS. */
static void append_configuration(struct node_link *link, uint64_t index, const char *ids)
{
    struct raft_configuration configuration = configuration_of(ids);
    struct buffer bytes = {0};
    struct chain body = {0};
    limits_encode(&parts.env->limits, &configuration);
    for (uint32_t i = 0; i < configuration.count; i++)
        configuration.members[i].incarnation =
            i == 0 ? parts.peers->identity.directory.incarnation : 100 + configuration.members[i].id;
    raft_configuration_encode(&configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    struct raft_entry entry = {
        .index = index + 1, .term = 2, .type = RAFT_ENTRY_CONFIGURATION, .payload = payload};
    const struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 2, .index = index, .log_term = index > 1 ? 2 : 1,
        .entries = &entry, .entry_count = 1};
    raft_message_encode(&message, &body);
    hear(link, FRAME_RAFT, &body);
    blob_release(payload);
    buffer_close(&bytes);
    turn(true);
}

/* What is known of it goes with it: its links, what it said of its state, the snapshot that it wanted. */
START_TEST(a_member_that_is_taken_out_leaves_nothing)
{
    struct node_link *leader = called_by(2, NODE_LINK_CONSENSUS);
    ck_assert(node_link_ends(called_by(4, NODE_LINK_CONSENSUS))); /* no one knows it */
    append_configuration(leader, 1, "1234");
    ck_assert_uint_eq(raft_members(parts.raft)->count, 4);
    struct node_link *consensus = called_by(4, NODE_LINK_CONSENSUS), *bulk = called_by(4, NODE_LINK_BULK);
    ck_assert_ptr_eq(peers_link(parts.peers, 4, NODE_LINK_CONSENSUS), consensus);
    ck_assert_ptr_eq(peers_link(parts.peers, 4, NODE_LINK_BULK), bulk);
    struct sending *sending = &parts.transfers->sending;
    for (uint32_t id = 3; id <= 4; id++) {
        state_check_heard(parts.state_check, parts.env, parts.raft, id, 1024, 5);
        sending->wanted[sending->wanted_count++] = id;
    }
    sending->state = SEND_OPEN; /* so that these go on waiting */
    append_configuration(leader, 2, "123");
    ck_assert_ptr_null(peers_look(parts.peers, 4));
    ck_assert(node_link_ends(consensus) && node_link_ends(bulk) && !node_link_ends(leader));
    ck_assert_int_eq(said("event=link_down peer=4"), 2);
    ck_assert_uint_eq(sending->wanted_count, 1);
    ck_assert_uint_eq(sending->wanted[0], 3);
    ck_assert_uint_eq(parts.state_check->count, 1);
    ck_assert_uint_eq(parts.state_check->nodes[0].id, 3);
    node_link_close(node, consensus);
    node_link_close(node, bulk);
    ck_assert(node_link_ends(called_by(4, NODE_LINK_CONSENSUS)));
    sending->state = SEND_IDLE;
}
END_TEST

/* The configuration of nodes 1 to 3 with so much memory. */
static struct blob *with_memory(uint64_t bytes_max)
{
    struct raft_configuration configuration = *raft_members(parts.raft);
    struct limits limits = parts.env->limits;
    struct buffer bytes = {0};
    limits.memory_max_bytes = bytes_max;
    limits_encode(&limits, &configuration);
    raft_configuration_encode(&configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    buffer_close(&bytes);
    return payload;
}

/* What is applied with other limits than on another node comes to something else: a newer configuration, which may be
 * in one log and not in the other, has no say before it is applied. */
START_TEST(limits_are_those_of_what_is_applied)
{
    struct node_link *leader = called_by(2, NODE_LINK_CONSENSUS);
    struct raft_entry entries[2];
    for (uint64_t i = 0; i < 2; i++)
        entries[i] = (struct raft_entry){
            .index = 2 + i, .term = 2, .type = RAFT_ENTRY_CONFIGURATION, .payload = with_memory(1000000 * (i + 1))};
    for (uint64_t commit = 2; commit <= 3; commit++) {
        struct chain body = {0};
        const struct raft_message message = {
            .type = RAFT_APPEND, .from = 2, .to = 1, .term = 2, .index = 1, .log_term = 1, .commit = commit, .round = 1,
            .entries = entries, .entry_count = 2};
        raft_message_encode(&message, &body);
        hear(leader, FRAME_RAFT, &body);
        for (int i = 0; i < 5; i++)
            turn(true);
        ck_assert_uint_eq(raft_last_index(parts.raft), 3);
        ck_assert_uint_eq(store_applied(node_store(node)), commit);
        ck_assert_uint_eq(parts.env->limits.memory_max_bytes, 1000000 * (commit - 1));
    }
    blob_release(entries[0].payload);
    blob_release(entries[1].payload);
}
END_TEST

/* Node 2, which leads term 2, sends the entry at INDEX (its reference is taken), and all up to it is committed. */
static void append(struct node_link *link, uint64_t index, enum raft_entry_type type, struct blob *payload)
{
    struct chain body = {0};
    struct raft_entry entry = {.index = index, .term = 2, .type = (uint8_t)type, .payload = payload};
    const struct raft_message message = {
        .type = RAFT_APPEND, .from = 2, .to = 1, .term = 2, .index = index - 1, .log_term = index > 2 ? 2 : 1,
        .commit = index, .round = index, .entries = &entry, .entry_count = 1};
    raft_message_encode(&message, &body);
    hear(link, FRAME_RAFT, &body);
    blob_release(payload);
    for (int i = 0; i < 5; i++)
        turn(true);
    ck_assert_uint_eq(store_applied(*parts.store), index);
}

/* This node's gateway opens with the entry at INDEX. */
static void append_open(struct node_link *link, uint64_t index)
{
    const struct command open = {.kind = COMMAND_OPEN, .gateway = 1, .epoch = parts.gateway->nonce};
    append(link, index, RAFT_ENTRY_COMMAND, command_encode(&open));
    ck_assert_uint_eq(parts.gateway->epoch, index);
}

/* The configuration of nodes 1 to 3, or of 2 and 3. */
static struct blob *members(bool self)
{
    struct raft_configuration configuration = configuration_of(self ? "123" : "23");
    struct buffer bytes = {0};
    limits_encode(&parts.env->limits, &configuration);
    for (uint32_t i = 0; i < configuration.count; i++)
        configuration.members[i].incarnation = 100 + configuration.members[i].id;
    if (self)
        configuration.members[0].incarnation = parts.peers->identity.directory.incarnation;
    raft_configuration_encode(&configuration, &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    buffer_close(&bytes);
    return payload;
}

/* It once went on under an epoch that was gone, and no change of its clients was taken any more while it lived. */
START_TEST(a_node_that_is_a_member_again_opens_its_gateway_anew)
{
    struct connection connection = {0};
    struct node_link *leader = called_by(2, NODE_LINK_CONSENSUS);
    append_open(leader, 2);
    struct node_client *client = node_client_open(node, &connection);
    type(client, "set a 1\r\n");
    turn(true);
    ck_assert_uint_eq(parts.gateway->next, 2);
    uint64_t nonce = parts.gateway->nonce;
    append(leader, 3, RAFT_ENTRY_CONFIGURATION, members(false));
    ck_assert_uint_eq(parts.gateway->epoch, 0);
    ck_assert_uint_ne(parts.gateway->nonce, nonce);
    ck_assert_int_eq(said("event=gateway_dropped"), 1);
    struct chain *output = node_client_output(client);
    char told[12] = "";
    ck_assert_uint_ge(output->size, 11);
    chain_copy(output, told, 11);
    ck_assert_str_eq(told, "ERR_TIMEOUT");
    chain_consume(output, output->size);
    append(leader, 4, RAFT_ENTRY_CONFIGURATION, members(true));
    append_open(leader, 5);
    type(client, "set a 2\r\n");
    turn(true);
    ck_assert_uint_eq(parts.gateway->next, 2);
    append(leader, 6, RAFT_ENTRY_COMMAND, blob_hold(gateway_slot(parts.gateway, 1)->command));
    expect(client, "OK 1\r\n");
    ck_assert_int_eq(said("event=gateway_superseded"), 0);
    node_client_close(node, client);
}
END_TEST

/* An entry of TYPE with PAYLOAD (its reference is taken), decided and applied. */
static void propose(enum raft_entry_type type, struct blob *payload)
{
    uint64_t index;
    ck_assert(raft_propose(parts.raft, type, store_time_ms(*parts.store), payload, &index));
    blob_release(payload);
    for (int i = 0; i < 100 && store_applied(*parts.store) < index; i++)
        turn(true);
    ck_assert_uint_eq(store_applied(*parts.store), index);
}

/* Node 1 leads alone; 2 and 3 opened gateways once. The next configuration, with the same member, has them go. */
START_TEST(the_gateway_of_who_is_no_member_goes)
{
    struct store_gateway state;
    for (uint32_t id = 2; id <= 3; id++) {
        const struct command open = {.kind = COMMAND_OPEN, .gateway = id, .epoch = 900 + id};
        propose(RAFT_ENTRY_COMMAND, command_encode(&open));
        ck_assert(store_gateway(*parts.store, id, &state));
        ck_assert_ptr_nonnull(leader_door(parts.leader, *parts.store, id));
    }
    struct buffer bytes = {0};
    raft_configuration_encode(raft_members(parts.raft), &bytes);
    struct blob *payload = blob_new(buffer_size(&bytes));
    memcpy(payload->bytes, buffer_start(&bytes), payload->size);
    buffer_close(&bytes);
    propose(RAFT_ENTRY_CONFIGURATION, payload);
    for (uint32_t id = 2; id <= 3; id++)
        ck_assert(!store_gateway(*parts.store, id, &state));
    ck_assert(store_gateway(*parts.store, 1, &state));
    const struct admission *admission = &parts.leader->admission;
    ck_assert(admission->gateways[0].id == 1 && admission->gateways[1].id == 0);
    ck_assert(node_ready(node));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("members");
    TCase *alone = tcase_create("list");
    tcase_add_test(alone, members_and_whom_cluster_names_are_peers);
    tcase_add_test(alone, who_is_neither_is_dropped);
    tcase_add_test(alone, a_member_that_moved_is_found_where_it_is);
    tcase_add_test(alone, there_is_room_for_all);
    suite_add_tcase(suite, alone);
    TCase *tests = tcase_create("members");
    tcase_add_checked_fixture(tests, begin, teardown);
    tcase_add_test(tests, a_member_that_is_taken_out_leaves_nothing);
    tcase_add_test(tests, limits_are_those_of_what_is_applied);
    tcase_add_test(tests, a_node_that_is_a_member_again_opens_its_gateway_anew);
    suite_add_tcase(suite, tests);
    TCase *leads = tcase_create("gateways");
    tcase_add_checked_fixture(leads, setup, teardown);
    tcase_add_test(leads, the_gateway_of_who_is_no_member_goes);
    suite_add_tcase(suite, leads);
    return check_run(suite);
}
