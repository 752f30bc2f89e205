#include "client/leader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "protocol/answer.h"
#include "protocol/request.h"

enum { STATUS_MAX = 64 * 1024 };

bool leader_claim_parse(struct leader_claim *claim, const char *text, size_t size)
{
    bool has_role = false, has_term = false;
    const char *end = text + size;
    for (const char *line = text; line < end;) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        if (!line_end)
            line_end = end;
        size_t length = (size_t)(line_end - line);
        if (length > 0 && line[length - 1] == '\r')
            length--;
        if (length > 5 && memcmp(line, "role=", 5) == 0) {
            claim->leads = length == 11 && memcmp(line + 5, "leader", 6) == 0;
            has_role = true;
        } else if (length > 5 && memcmp(line, "term=", 5) == 0) {
            has_term = request_number(line + 5, length - 5, &claim->term);
        }
        line = line_end + 1;
    }
    return has_role && has_term;
}

static bool send_all(int socket_file, const char *text)
{
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t sent = send(socket_file, text, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        text += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* The claim of the node at the other end. */
static bool ask(int socket_file, struct leader_claim *claim)
{
    static uint8_t bytes[STATUS_MAX]; /* this program has one thread */
    size_t size = 0;
    if (!send_all(socket_file, "status\r\n"))
        return false;
    while (size < sizeof bytes) {
        ssize_t got = read(socket_file, bytes + size, sizeof bytes - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        size += (size_t)got;
        struct answer answer;
        size_t consumed;
        enum answer_status status;
        while ((status = answer_parse(bytes, size, &answer, &consumed)) == ANSWER_PUSHED) {
            size -= consumed;
            memmove(bytes, bytes + consumed, size);
        }
        if (status == ANSWER_BAD || (status == ANSWER_LINE && answer.kind != ANSWER_STATUS))
            return false;
        if (status == ANSWER_LINE && size - consumed >= answer.body_size)
            return leader_claim_parse(claim, (const char *)bytes + consumed, (size_t)answer.body_size);
    }
    return false;
}

int leader_find(const struct endpoints *endpoints, uint32_t timeout_ms)
{
    int best = -1;
    uint64_t best_term = 0;
    for (size_t i = 0; i < endpoints->count; i++) {
        struct endpoint_address address;
        const char *reason;
        int socket_file = endpoint_connect(&endpoints->list[i], timeout_ms, &address, &reason);
        if (socket_file < 0)
            continue;
        struct leader_claim claim;
        if (ask(socket_file, &claim) && claim.leads && (best < 0 || claim.term > best_term)) {
            best = (int)i;
            best_term = claim.term;
        }
        close(socket_file);
    }
    return best;
}
