/* What is asked of a node's state: listings, stat, and answers from its own copy. */
#include <stdio.h>

#include "solo.h"

static struct connection connection;
static struct node_client *client;
static struct buffer told;

static void begin(void)
{
    setup();
    client = node_client_open(node, &connection);
    told = (struct buffer){0};
}

static void end(void)
{
    buffer_close(&told);
    node_client_close(node, client);
    teardown();
}

/* What CLIENT is told when it says TEXT, as one string that lasts until the next call. */
static const char *ask(const char *text)
{
    buffer_clear(&told, SIZE_MAX);
    type(client, text);
    for (int i = 0; i < 2000 && (i == 0 || client->count > 0 || !node_client_reads(client)); i++) {
        turn(true);
        struct chain *output = node_client_output(client);
        size_t size = output->size;
        uint8_t *room = buffer_reserve(&told, size + 1);
        chain_copy(output, room, size);
        buffer_added(&told, size);
        chain_consume(output, size);
        node_client_written(node, client);
    }
    ck_assert_uint_eq(client->count, 0);
    buffer_append_u8(&told, '\0');
    return (const char *)buffer_start(&told);
}

/* The files exist, of one byte each, in this order. */
static void have(const char *const *names, size_t count)
{
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(&text, "write ");
        buffer_append_text(&text, names[i]);
        buffer_append_text(&text, " 1\nx\n");
    }
    buffer_append_u8(&text, '\0');
    ask((const char *)buffer_start(&text));
    buffer_close(&text);
    ck_assert_uint_eq(store_file_count(*parts.store), count);
}

/* LINE is answered by a listing of these lines, with what ENDS it ("end", "more stale"). */
static void lists(const char *line, const char *ends, const char *text)
{
    char expected[2000];
    snprintf(expected, sizeof expected, "LIST %llu %zu %s\r\n%s\r\n",
             (unsigned long long)store_revision(*parts.store), strlen(text), ends, text);
    ck_assert_str_eq(ask(line), expected);
}

static const char *const tree[] = {"b", "a/x", "a/y/1", "a/y/2", "a", "a/", "c/d/e", "ab"};

START_TEST(in_the_order_of_names)
{
    lists("list\n", "end", "");
    have(tree, 8);
    lists("list\n", "end", "a 5 1 0\na/ 6 1 0\na/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\nab 8 1 0\nb 1 1 0\nc/d/e 7 1 0\n");
    lists("list a/\n", "end", "a/ 6 1 0\na/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\n");
    lists("list ab\n", "end", "ab 8 1 0\n");
    lists("list abc\n", "end", "");
    lists("list zzz\n", "end", "");
}
END_TEST

START_TEST(from_behind_a_name)
{
    have(tree, 8);
    lists("list after=a/y/1\n", "end", "a/y/2 4 1 0\nab 8 1 0\nb 1 1 0\nc/d/e 7 1 0\n");
    lists("list after=a/y/1x\n", "end", "a/y/2 4 1 0\nab 8 1 0\nb 1 1 0\nc/d/e 7 1 0\n"); /* it need not exist */
    lists("list a/ after=a/\n", "end", "a/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\n");
    lists("list a/ after=a\n", "end", "a/ 6 1 0\na/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\n"); /* before the prefix */
    lists("list a/ after=b\n", "end", "");
    lists("list after=c/d/e\n", "end", "");
}
END_TEST

START_TEST(folders_are_one_line)
{
    have(tree, 8);
    lists("list delim=/\n", "end", "a 5 1 0\na/\nab 8 1 0\nb 1 1 0\nc/\n");
    lists("list a/ delim=/\n", "end", "a/ 6 1 0\na/x 2 1 0\na/y/\n");
    lists("list c/ delim=/\n", "end", "c/d/\n");
    lists("list a/y/ delim=/\n", "end", "a/y/1 3 1 0\na/y/2 4 1 0\n");
    lists("list delim=/ after=a/\n", "end", "ab 8 1 0\nb 1 1 0\nc/\n");
    lists("list a delim=/ after=a/\n", "end", "ab 8 1 0\n");
    lists("list delim=/ after=a/y/1\n", "end", "a/\nab 8 1 0\nb 1 1 0\nc/\n");
    lists("list delim=b\n", "end", "a 5 1 0\na/ 6 1 0\na/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\nab\nb\nc/d/e 7 1 0\n");
}
END_TEST

START_TEST(a_page_says_whether_there_is_more)
{
    have(tree, 8);
    lists("list limit=8\n", "end",
          "a 5 1 0\na/ 6 1 0\na/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\nab 8 1 0\nb 1 1 0\nc/d/e 7 1 0\n");
    lists("list limit=2\n", "more", "a 5 1 0\na/ 6 1 0\n");
    lists("list a/ limit=4\n", "end", "a/ 6 1 0\na/x 2 1 0\na/y/1 3 1 0\na/y/2 4 1 0\n");
    lists("list a/ limit=1\n", "more", "a/ 6 1 0\n");
    lists("list delim=/ limit=2\n", "more", "a 5 1 0\na/\n");
    lists("list delim=/ limit=2 after=a/\n", "more", "ab 8 1 0\nb 1 1 0\n");
    lists("list delim=/ limit=2 after=b\n", "end", "c/\n");
    lists("list c limit=1 delim=/\n", "end", "c/\n");
}
END_TEST

/* Each page behind the last one's last word: nothing is missed, nothing comes twice. */
START_TEST(ten_thousand_names_page_by_page)
{
    enum { COUNT = 10000 };
    struct buffer text = {0};
    for (int i = 0; i < COUNT; i++) {
        char line[40];
        snprintf(line, sizeof line, "write %d/%04d 0\n\n", i % 3, (i * 7) % COUNT);
        buffer_append_text(&text, line);
    }
    buffer_append_u8(&text, '\0');
    ask((const char *)buffer_start(&text));
    buffer_close(&text);
    ck_assert_uint_eq(store_file_count(*parts.store), COUNT);
    int seen = 0;
    char last[20] = "";
    for (bool more = true; more;) {
        char line[60];
        snprintf(line, sizeof line, "list limit=777 after=%s\n", last);
        const char *at = ask(line);
        more = strstr(at, " more\r\n") != NULL;
        for (at = strchr(at, '\n') + 1; *at != '\r'; at = strchr(at, '\n') + 1, seen++) {
            char name[20];
            ck_assert_int_eq(sscanf(at, "%19s ", name), 1);
            ensure(strcmp(last, name) < 0);
            strcpy(last, name);
        }
    }
    ck_assert_int_eq(seen, COUNT);
    lists("list delim=/\n", "end", "0/\n1/\n2/\n");
    const char *all = ask("list limit=10000\n");
    size_t lines = 0;
    for (const char *at = all; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_uint_eq(lines, COUNT + 2);
    ck_assert_ptr_nonnull(strstr(all, " end\r\n"));
}
END_TEST

/* Names of 250 bytes, the last of them all 0xff behind the folder: no name can lie behind that in it. */
START_TEST(the_last_name_that_a_folder_can_have)
{
    char last[REQUEST_NAME_MAX + 1], folder[REQUEST_NAME_MAX + 1], line[REQUEST_NAME_MAX + 300];
    memset(last, 0xff, REQUEST_NAME_MAX);
    last[REQUEST_NAME_MAX] = '\0';
    memcpy(last, "f/", 2);
    memset(folder, 'g', REQUEST_NAME_MAX - 1); /* a folder whose name leaves no room in it */
    strcpy(folder + REQUEST_NAME_MAX - 1, "/");
    const char *const names[] = {"f/a", last, "f0", folder};
    have(names, 4);
    snprintf(line, sizeof line, "f/\nf0 3 1 0\n%s\n", folder);
    lists("list delim=/\n", "end", line);
    lists("list delim=/ limit=1 after=f/\n", "more", "f0 3 1 0\n");
    char ask_behind[REQUEST_NAME_MAX + 40];
    snprintf(ask_behind, sizeof ask_behind, "list delim=/ after=%s\n", folder);
    lists(ask_behind, "end", "");
    snprintf(ask_behind, sizeof ask_behind, "list after=%s limit=1\n", last);
    lists(ask_behind, "more", "f0 3 1 0\n");
    snprintf(ask_behind, sizeof ask_behind, "list %s\n", last);
    snprintf(line, sizeof line, "%s 2 1 0\n", last);
    lists(ask_behind, "end", line);
}
END_TEST

START_TEST(stat_tells_all_but_the_contents)
{
    ck_assert_str_eq(ask("stat a\n"), "ERR_FILE_NOT_FOUND\r\n");
    ask("write a 3\nabc\nwrite a 0 100\n\n");
    ck_assert_str_eq(ask("stat a\n"), "STAT version=2 size=0 exptime=100 created=1 xxh3=2d06800538d394c2\r\n");
    ask("write a 3\nabc\n");
    ck_assert_str_eq(ask("stat a\n"), "STAT version=3 size=3 exptime=0 created=1 xxh3=78af5f94892f3950\r\n");
    ask("delete a\nwrite a 3\nabc\n");
    ck_assert_str_eq(ask("stat a\n"), "STAT version=5 size=3 exptime=0 created=5 xxh3=78af5f94892f3950\r\n");
}
END_TEST

/* They are all answered at one moment: so only few may wait for it. */
START_TEST(long_listings_are_not_asked_for_without_end)
{
    have(tree, 8);
    for (int i = 0; i < 100; i++)
        type(client, "list limit=10000\n");
    ck_assert_uint_le(client->count, 5);
    ck_assert(!node_client_reads(client));
    const char *all = ask("");
    size_t lists_count = 0;
    for (const char *at = all; (at = strstr(at, "LIST 8 ")) != NULL; at++)
        lists_count++;
    ck_assert_uint_eq(lists_count, 100);
    ck_assert_uint_eq(client->bytes, 0);
}
END_TEST

/* At once, while the disk keeps the node from confirming or deciding anything. */
START_TEST(a_stale_answer_waits_for_nobody)
{
    ask("write a 1\nx\n");
    struct node_client *other = node_client_open(node, &connection);
    type(client, "write a 1\ny\n");
    turn(false);
    type(other, "read a stale\nstat b stale\nlist stale\nread b stale\n");
    expect(other, "CONTENTS 1 1 0 stale revision=1\r\nx\r\nERR_FILE_NOT_FOUND stale revision=1\r\n"
                  "LIST 1 8 end stale revision=1\r\na 1 1 0\n\r\nERR_FILE_NOT_FOUND stale revision=1\r\n");
    node_client_close(node, other);
    ck_assert_str_eq(ask(""), "OK 2\r\n");
}
END_TEST

/* On one connection answers keep their order, and what was acknowledged before it is seen. */
START_TEST(a_stale_answer_keeps_its_place)
{
    ck_assert_str_eq(ask("write a 1\nx\nread a stale\nping\nread a\nwrite a 1\ny\nstat b stale\nread a stale\n"),
                     "OK 1\r\nCONTENTS 1 1 0 stale revision=1\r\nx\r\nPONG\r\nCONTENTS 1 1 0\r\nx\r\nOK 2\r\n"
                     "ERR_FILE_NOT_FOUND stale revision=2\r\nCONTENTS 2 1 0 stale revision=2\r\ny\r\n");
    ck_assert_uint_eq(parts.session->held_bytes, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("query");
    TCase *tests = tcase_create("query");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, in_the_order_of_names);
    tcase_add_test(tests, from_behind_a_name);
    tcase_add_test(tests, folders_are_one_line);
    tcase_add_test(tests, a_page_says_whether_there_is_more);
    tcase_add_test(tests, ten_thousand_names_page_by_page);
    tcase_add_test(tests, the_last_name_that_a_folder_can_have);
    tcase_add_test(tests, stat_tells_all_but_the_contents);
    tcase_add_test(tests, long_listings_are_not_asked_for_without_end);
    tcase_add_test(tests, a_stale_answer_waits_for_nobody);
    tcase_add_test(tests, a_stale_answer_keeps_its_place);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
