#include "client/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "client/endpoint.h"
#include "client/wire.h"

enum {
    INPUT_BYTES = 64 * 1024,
    CONNECT_MS = 2000,
    PAUSE_MS = 20,            /* after each endpoint was tried once; doubled each time, up to: */
    PAUSE_MAX_MS = 500,
};

static volatile sig_atomic_t interrupted;

void session_interrupt(bool on)
{
    interrupted = on;
}

bool session_interrupted(void)
{
    return interrupted != 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void session_open(struct session *session, const struct session_options *options)
{
    *session = (struct session){.options = *options, .socket_file = -1};
}

void session_close(struct session *session)
{
    if (session->socket_file >= 0)
        close(session->socket_file);
    while (session->first) {
        struct call *next = session->first->next;
        call_close(session->first);
        session->first = next;
    }
    buffer_close(&session->input);
    *session = (struct session){.socket_file = -1};
}

static bool same_endpoints(const struct endpoints *a, const struct endpoints *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->list[i].host, b->list[i].host) == 0 && strcmp(a->list[i].port, b->list[i].port) == 0;
    return same;
}

void session_change(struct session *session, const struct session_options *options)
{
    ensure(!session->first);
    if (!same_endpoints(&session->options.endpoints, &options->endpoints)) {
        session_close(session);
        session_open(session, options);
    }
    session->options = *options;
}

bool session_full(const struct session *session)
{
    return session->count >= SESSION_CALLS_MAX || session->bytes >= SESSION_BYTES_MAX;
}

/* There is an answer, or the first question. */
static void forget_trouble(struct session *session)
{
    session->progress_ms = now_ms();
    session->losses = 0;
    session->refused = false;
    session->refusal_ms = 0;
}

/* The other side has closed it while nothing was asked. */
static bool is_closed(const struct session *session)
{
    uint8_t byte;
    ssize_t got = recv(session->socket_file, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

void session_push(struct session *session, struct call *call)
{
    ensure(!call->bad && call->part_count > 0 && call->outcome == CALL_WAITING && !call->next);
    if (!session->unanswered) {
        session->unanswered = call;
        session->activity_ms = now_ms();
        session->expected = call;
        forget_trouble(session);
        if (session->socket_file >= 0 && is_closed(session)) {
            close(session->socket_file);
            session->socket_file = -1;
            buffer_clear(&session->input, INPUT_BYTES);
        }
    }
    if (!session->unsent)
        session->unsent = call;
    if (session->last)
        session->last->next = call;
    else
        session->first = call;
    session->last = call;
    session->count++;
    session->bytes += buffer_size(&call->request);
}

/* --- outcomes ----------------------------------------------------------------------------------------------------- */

/* CALL, or the first one behind it, that has no outcome yet. */
static struct call *waiting(struct call *call)
{
    while (call && call->outcome != CALL_WAITING)
        call = call->next;
    return call;
}

/* A change that may have been done has its reason already, from doubt(). */
static void conclude(const struct session *session, struct call *call, enum call_outcome outcome)
{
    call->outcome = outcome;
    if (outcome != CALL_ANSWERED && outcome != CALL_UNKNOWN)
        memcpy(call->reason, session->reason, sizeof call->reason);
}

/* CALL has an outcome now. */
static void settle(struct session *session, struct call *call, enum call_outcome outcome)
{
    conclude(session, call, outcome);
    if (session->unsent == call) {
        session->unsent = waiting(call->next);
        session->sent_bytes = 0;
    }
    session->unanswered = waiting(session->unanswered);
}

/* Servers forget tokens after a while. */
static bool may_send_again(const struct call *call)
{
    return !call->changes || (call->safe && now_ms() - call->first_sent_ms < SESSION_TOKEN_MS);
}

/* How much longer a refusal is waited for that is due. */
static int64_t grace_ms(const struct session *session)
{
    int64_t part_ms = session->options.timeout_ms / 10;
    return part_ms < SESSION_GRACE_MS ? part_ms : SESSION_GRACE_MS;
}

/* What comes before connecting: nothing, until each endpoint was tried once; then it doubles with each round. */
static int64_t pause_before(const struct session *session)
{
    uint32_t count = (uint32_t)session->options.endpoints.count;
    uint32_t rounds = session->losses / count;
    if (session->losses == 0 || session->losses % count != 0)
        return 0;
    return rounds > 5 ? PAUSE_MAX_MS : PAUSE_MS << (rounds - 1);
}

/* A refusal as slow as the last one would still come in time, and half of the grace is left for a slower one. */
static bool has_time(const struct session *session)
{
    int64_t end_ms = session->progress_ms + session->options.timeout_ms + grace_ms(session) / 2;
    return session->refusal_ms == 0 || now_ms() + pause_before(session) + session->refusal_ms <= end_ms;
}

static void doubt(struct call *call, const char *reason)
{
    call->sent = true;
    snprintf(call->reason, sizeof call->reason, "%s", reason);
}

/* What is on its way as a whole, without an answer, may have been done; what is not whole is never run. */
static void doubt_sent(struct session *session, const char *reason)
{
    for (struct call *call = session->expected; call && call != session->unsent; call = waiting(call->next))
        doubt(call, reason);
}

/* All that is not done is to be sent again, to ENDPOINT, but for what must not be, or is better not. */
static void hang_up(struct session *session, size_t endpoint)
{
    if (session->socket_file >= 0)
        close(session->socket_file);
    session->socket_file = -1;
    session->draining = false;
    buffer_clear(&session->input, INPUT_BYTES);
    session->endpoint = endpoint % session->options.endpoints.count;
    for (struct call *call = session->unanswered; call; call = waiting(call->next)) {
        if (call->sent && !may_send_again(call))
            conclude(session, call, CALL_UNKNOWN);
        else if (call->changes && !call->sent && !has_time(session))
            conclude(session, call, CALL_UNREACHABLE);
    }
    session->unanswered = session->expected = session->unsent = waiting(session->unanswered);
    session->sent_bytes = 0;
}

/* "ENDPOINT: REASON", of the endpoint of now. */
static void name_reason(const struct session *session, const char *reason, char named[CALL_REASON_MAX])
{
    char text[ENDPOINT_TEXT_SIZE];
    endpoint_text(&session->options.endpoints.list[session->endpoint], text);
    snprintf(named, CALL_REASON_MAX, "%s: %s", text, reason);
}

/* Goes on at the next endpoint. A server's refusal remains the reason: it says more. */
static void lose(struct session *session, const char *reason)
{
    char named[CALL_REASON_MAX];
    name_reason(session, reason, named);
    if (!session->refused)
        memcpy(session->reason, named, sizeof named);
    if (session->options.wire)
        wire_note(session->options.wire, "%s", named);
    session->losses++;
    doubt_sent(session, named);
    hang_up(session, session->endpoint + 1);
}

/* Nothing that waits will be done any more. */
static void give_up(struct session *session, enum call_outcome outcome)
{
    for (struct call *call = session->unanswered; call; call = session->unanswered) {
        bool unknown = outcome == CALL_UNREACHABLE && call->changes && call->sent;
        settle(session, call, unknown ? CALL_UNKNOWN : outcome);
    }
    hang_up(session, session->endpoint);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* Errors of a node that another one may not have. */
static bool is_passing(const struct answer *answer)
{
    return answer->kind == ANSWER_ERROR && error_row(answer->error)->elsewhere;
}

/* CALL was refused with an error that passes: once more, elsewhere. But for ERR_TIMEOUT it was not done. WHOLE: it was
 * sent to its end. Returns whether more answers come over this connection. */
static bool take_refusal(struct session *session, struct call *call, const struct answer *answer, bool whole)
{
    char reason[201];
    snprintf(reason, sizeof reason, "%.*s", (int)answer->line_size, (const char *)answer->line);
    name_reason(session, reason, session->reason);
    session->refused = true;
    session->refusal_ms = now_ms() - call->sent_ms + 1;
    if (!error_row(answer->error)->definite)
        doubt(call, session->reason);
    session->draining = true;
    session->expected = waiting(call->next);
    if (whole && session->expected && session->expected != session->unsent)
        return true;
    session->expected = session->unsent;
    session->losses++;
    hang_up(session, session->endpoint + 1);
    return false;
}

/* An answer to this, or an error. */
static bool answers(const struct call *call, const struct answer *answer)
{
    return answer->kind == call->expects || answer->kind == ANSWER_NOT_FOUND ||
           answer->kind == ANSWER_VERSION_MISMATCH || answer->kind == ANSWER_ERROR;
}

/* Takes one whole answer from what came. False: there is none yet, or the connection is lost. */
static bool take_answer(struct session *session)
{
    struct answer answer;
    size_t consumed, size = buffer_size(&session->input);
    enum answer_status status = size > 0 ? answer_parse(buffer_start(&session->input), size, &answer, &consumed)
                                         : ANSWER_MORE;
    if (status == ANSWER_MORE)
        return false;
    if (status == ANSWER_PUSHED) {
        if (session->options.wire)
            wire_pushed(session->options.wire, answer.line, answer.line_size);
        buffer_consume(&session->input, consumed);
        return true;
    }
    struct call *call = session->expected;
    if (status == ANSWER_BAD || !call || !answers(call, &answer) ||
        (answer.has_body && answer.body_size > CALL_BODY_MAX)) {
        lose(session, "what came is no answer; is this a Cleat server?");
        return false;
    }
    size_t whole = consumed + (answer.has_body ? (size_t)answer.body_size + ANSWER_END_SIZE : 0);
    if (size < whole)
        return false;
    call->answer = answer;
    call->answer.line = memcpy(call->line, answer.line, answer.line_size);
    if (answer.name)
        call->answer.name = call->line + (answer.name - answer.line);
    if (answer.has_body)
        buffer_append(&call->body, buffer_start(&session->input) + consumed, (size_t)answer.body_size);
    if (session->options.wire)
        wire_got(session->options.wire, call);
    buffer_consume(&session->input, whole);
    bool early = session->unsent == call;
    if (is_passing(&call->answer))
        return take_refusal(session, call, &call->answer, !early);
    session->expected = waiting(call->next);
    settle(session, call, CALL_ANSWERED);
    bool drained = session->draining && (!session->expected || session->expected == session->unsent);
    if (!session->draining)
        forget_trouble(session);
    else
        session->progress_ms = now_ms();
    if (early) /* the rest of it is not to be sent; what follows it goes over another connection */
        hang_up(session, session->endpoint);
    else if (drained)
        hang_up(session, session->endpoint + 1);
    return !early && !drained;
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

static void read_some(struct session *session)
{
    uint8_t *room = buffer_reserve(&session->input, INPUT_BYTES);
    if (!room)
        memory_out(INPUT_BYTES, __func__);
    ssize_t got = recv(session->socket_file, room, INPUT_BYTES, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        lose(session, got == 0 ? "the connection was closed" : strerror(errno));
        return;
    }
    buffer_added(&session->input, (size_t)got);
    session->activity_ms = now_ms();
    while (take_answer(session))
        continue;
}

/* A connection on which no more can be sent may still have answers: reading finds its end. */
static bool write_some(struct session *session)
{
    while (session->unsent) {
        struct call *call = session->unsent;
        size_t size = buffer_size(&call->request) - session->sent_bytes;
        const uint8_t *at = buffer_start(&call->request) + session->sent_bytes;
        ssize_t sent = send(session->socket_file, at, size, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EINTR || errno == EAGAIN;
        if (session->sent_bytes == 0 && session->options.wire)
            wire_sent(session->options.wire, call);
        session->activity_ms = now_ms();
        if (session->sent_bytes == 0)
            call->sent_ms = session->activity_ms;
        if (call->first_sent_ms == 0)
            call->first_sent_ms = session->activity_ms;
        session->sent_bytes += (size_t)sent;
        if ((size_t)sent < size)
            return true;
        session->unsent = waiting(call->next);
        session->sent_bytes = 0;
    }
    return true;
}

static void wait_and_move(struct session *session, int64_t until_ms)
{
    struct pollfd entry = {.fd = session->socket_file, .events = POLLIN};
    if (session->unsent && !session->draining)
        entry.events |= POLLOUT;
    int64_t left_ms = until_ms - now_ms();
    if (poll(&entry, 1, left_ms > 0 ? (int)left_ms : 0) <= 0)
        return;
    if ((entry.revents & POLLOUT) && !write_some(session))
        entry.revents |= POLLIN;
    if (entry.revents & (POLLIN | POLLHUP | POLLERR))
        read_some(session);
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static void pause_ms(int64_t ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000}, NULL);
}

static void connect_once(struct session *session, int64_t until_ms)
{
    int64_t pause = pause_before(session), left_ms = until_ms - now_ms();
    if (pause > 0 && left_ms > 0)
        pause_ms(pause < left_ms ? pause : left_ms);
    left_ms = until_ms - now_ms();
    const struct endpoint *endpoint = &session->options.endpoints.list[session->endpoint];
    struct endpoint_address address;
    const char *reason = "";
    uint32_t limit_ms = left_ms < 1 ? 1 : left_ms < CONNECT_MS ? (uint32_t)left_ms : CONNECT_MS;
    int socket_file = endpoint_connect(endpoint, limit_ms, &address, &reason);
    if (socket_file < 0 || fcntl(socket_file, F_SETFL, O_NONBLOCK) < 0) {
        lose(session, socket_file < 0 ? reason : strerror(errno));
        return;
    }
    session->socket_file = socket_file;
    session->ever_connected = true;
    session->activity_ms = now_ms();
    if (session->options.wire) {
        char text[ENDPOINT_TEXT_SIZE];
        wire_note(session->options.wire, "connected to %s", endpoint_text(endpoint, text));
    }
}

/* There was no answer within the time that is given. */
static void run_out(struct session *session)
{
    char reason[64];
    snprintf(reason, sizeof reason, "no answer within %g s", (double)session->options.timeout_ms / 1000);
    if (session->socket_file >= 0)
        lose(session, reason);
    give_up(session, CALL_UNREACHABLE);
}

/* When it is too late. */
static int64_t end_ms(const struct session *session)
{
    uint32_t timeout_ms = session->options.timeout_ms;
    bool waits = session->socket_file >= 0 && session->expected != session->unsent;
    if (!session->ever_connected && timeout_ms > SESSION_REFUSED_MS)
        return session->progress_ms + SESSION_REFUSED_MS;
    return session->progress_ms + timeout_ms + (waits && session->refusal_ms > 0 ? grace_ms(session) : 0);
}

/* One step towards an outcome of the oldest call. */
static void step(struct session *session)
{
    int64_t now = now_ms();
    int64_t silence_ms = session->options.timeout_ms / 2 < SESSION_SILENCE_MS ? session->options.timeout_ms / 2
                                                                              : SESSION_SILENCE_MS;
    int64_t until_ms = end_ms(session);
    if (interrupted) {
        snprintf(session->reason, sizeof session->reason, "interrupted");
        give_up(session, CALL_INTERRUPTED);
    } else if (now >= until_ms) {
        run_out(session);
    } else if (session->socket_file < 0) {
        connect_once(session, until_ms);
    } else if (now >= session->activity_ms + silence_ms) {
        lose(session, "it does not answer");
    } else {
        int64_t silent_at = session->activity_ms + silence_ms;
        wait_and_move(session, silent_at < until_ms ? silent_at : until_ms);
    }
}

struct call *session_pop(struct session *session)
{
    struct call *call = session->first;
    if (!call)
        return NULL;
    while (call->outcome == CALL_WAITING)
        step(session);
    session->first = call->next;
    if (!session->first)
        session->last = NULL;
    call->next = NULL;
    session->count--;
    session->bytes -= buffer_size(&call->request);
    return call;
}

void session_do(struct session *session, struct call *call)
{
    ensure(!session->first);
    session_push(session, call);
    session_pop(session);
}
