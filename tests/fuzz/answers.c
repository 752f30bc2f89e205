/* libFuzzer: what servers send to `cleat`. The first byte chooses a command; what follows comes over one connection
 * after the other, with the byte 0xff between them, and then there is no server any more. Whatever it is, the command
 * ends, with a status that it may have, and nothing is left behind. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ensure.h"
#include "cli/run.h"

enum { WORDS_MAX = 8, CONNECTIONS_MAX = 6 };

static char *const commands[][WORDS_MAX] = {
    {"get", "f"},
    {"get", "--json", "--stale", "f"},
    {"get", "--show-wire", "f"},
    {"ls"},
    {"ls", "-l", "-r", "-o", "table", "a/"},
    {"ls", "--json", "--show-wire"},
    {"tree", "a"},
    {"stat", "-o", "table", "f", "g"},
    {"stat", "f"},
    {"status"},
    {"status", "--json"},
    {"members"},
    {"put", "--json", "f", "--text", "x"},
    {"cas", "f", "7", "--text", "x"},
    {"incr", "n", "-v"},
    {"touch", "f", "60"},
    {"cp", "-v", "--create", "a", "b"},
    {"cp", "-r", "--json", "a", "b"},
    {"mv", "-r", "-v", "a", "b"},
    {"rm", "a", "b", "c"},
    {"rm", "-r", "-v", "a"},
    {"level"},
    {"level", "--json", "2"},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int __wrap_endpoint_connect(const struct endpoint *endpoint, uint32_t timeout_ms, struct endpoint_address *address,
                            const char **reason);

/* What is still to be sent, and the servers' ends of the connections. */
static const uint8_t *rest, *rest_end;
static int servers[CONNECTIONS_MAX];
static size_t server_count;

/* In the place of the real one. All that the server says is there at once, and its end. */
int __wrap_endpoint_connect(const struct endpoint *endpoint, uint32_t timeout_ms, struct endpoint_address *address,
                            const char **reason)
{
    int pair[2];
    (void)endpoint;
    (void)timeout_ms;
    *address = (struct endpoint_address){0};
    if (rest == rest_end || server_count == CONNECTIONS_MAX) {
        *reason = "there is no server any more";
        session_interrupt(true);
        return -1;
    }
    const uint8_t *end = memchr(rest, 0xff, (size_t)(rest_end - rest));
    size_t size = (size_t)((end ? end : rest_end) - rest);
    ensure(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    ensure(send(pair[1], rest, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0);
    shutdown(pair[1], SHUT_WR);
    rest = end ? end + 1 : rest_end;
    servers[server_count++] = pair[1];
    return pair[0];
}

static bool may_end(int status)
{
    return (status >= STATUS_OK && status <= STATUS_UNKNOWN && status != STATUS_USAGE) || status == STATUS_INTERRUPTED;
}

/* Nothing of it is to be seen. */
static void begin(struct cli *base)
{
    ensure((stdout = fopen("/dev/null", "w")) && (stderr = fopen("/dev/null", "w")));
    /* More than there are connections: so there is no pause before one is tried again. */
    char reason[ENDPOINTS_REASON_MAX];
    ensure(endpoints_parse(&base->options.endpoints, "a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1", reason));
    base->options.timeout_ms = SESSION_TIMEOUT_MS;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct session session;
    static struct cli base = {.session = &session};
    char *words[WORDS_MAX + 1] = {0};
    int count = 0;
    if (size == 0)
        return 0;
    if (base.options.endpoints.count == 0)
        begin(&base);
    for (char *const *word = commands[bytes[0] % COMMANDS]; count < WORDS_MAX && word[count]; count++)
        words[count] = word[count];
    rest = bytes + 1;
    rest_end = bytes + size;
    session_open(&session, &(struct session_options){.endpoints = base.options.endpoints,
                                                     .timeout_ms = (uint32_t)base.options.timeout_ms});
    ensure(may_end(run_command(&base, count, words)));
    session_close(&session);
    session_interrupt(false);
    while (server_count > 0)
        close(servers[--server_count]);
    return 0;
}
