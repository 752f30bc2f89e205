/* One connection of a load: opening it again and again, writing commands, reading answers. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"
#include "bench/internal.h"

static struct flight *flight_at(struct bench_connection *connection, uint32_t count)
{
    return &connection->ring[count & (connection->load->ring_size - 1)];
}

static void interest(struct bench_connection *connection, int events)
{
    struct ev_loop *loop = connection->load->loop;
    if (ev_is_active(&connection->io) && connection->io.events == events)
        return;
    ev_io_stop(loop, &connection->io);
    ev_io_set(&connection->io, connection->io.fd, events);
    ev_io_start(loop, &connection->io);
}

/* --- losing it ---------------------------------------------------------------------------------------------------- */

static void timer_start(struct bench_connection *connection, uint64_t ms)
{
    struct ev_loop *loop = connection->load->loop;
    ev_timer_stop(loop, &connection->timer);
    ev_timer_set(&connection->timer, (double)ms / 1000, 0);
    ev_timer_start(loop, &connection->timer);
}

static void drop(struct bench_connection *connection)
{
    struct load *load = connection->load;
    ev_io_stop(load->loop, &connection->io);
    ev_timer_stop(load->loop, &connection->timer);
    if (connection->state != CONNECTION_DOWN)
        close(connection->io.fd);
    load->up_count -= connection->state == CONNECTION_UP;
    load->connecting_count -= connection->state == CONNECTION_CONNECTING;
    connection->state = CONNECTION_DOWN;
    if (list_linked(&connection->idle))
        list_remove(&connection->idle);
}

/* What was written, even in part, may have been done or not. The rest goes out on the next connection. */
static void put_off(struct bench_connection *connection)
{
    struct load *load = connection->load;
    bool up = connection->state == CONNECTION_UP;
    drop(connection);
    if (connection->offset > 0)
        connection->written++;
    for (; connection->answered != connection->written; connection->answered++) {
        load->in_flight--;
        load_unknown(load, flight_at(connection, connection->answered));
    }
    connection->offset = 0;
    connection->skip = 0;
    connection->rest_size = 0;
    connection->address_index = (connection->address_index + 1) % load->address_count;
    if (up && load->phase >= LOAD_MEASURING)
        load->figures->lost++;
    timer_start(connection, connection->wait_ms);
    if (connection->wait_ms < CONNECTION_WAIT_MAX_MS)
        connection->wait_ms *= 2;
}

static void lose(struct bench_connection *connection)
{
    put_off(connection);
    load_step(connection->load, load_now_ns());
}

void connection_close(struct bench_connection *connection)
{
    drop(connection);
    uint32_t sent = connection->written + (connection->offset > 0);
    for (; connection->answered != sent; connection->answered++)
        load_wrote(connection->load, flight_at(connection, connection->answered));
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

void connection_push(struct bench_connection *connection, const struct flight *flight)
{
    ensure(connection->made - connection->answered < connection->load->ring_size);
    *flight_at(connection, connection->made++) = *flight;
    connection->load->in_flight++;
}

/* As many of the commands that are not written as one batch takes. */
static void collect(struct bench_connection *connection)
{
    struct load *load = connection->load;
    batch_clear(&load->batch);
    for (uint32_t i = connection->written; i != connection->made; i++) {
        const struct flight *flight = flight_at(connection, i);
        if (!batch_add(&load->batch, &load->templates, (enum operation)flight->operation, flight->key,
                       flight->version))
            break;
    }
    if (connection->offset > 0)
        batch_skip(&load->batch, connection->offset);
}

/* SIZE bytes more are written. */
static void advance(struct bench_connection *connection, size_t size)
{
    struct load *load = connection->load;
    load->figures->sent_bytes += size;
    size += connection->offset;
    while (connection->written != connection->made) {
        const struct flight *flight = flight_at(connection, connection->written);
        size_t whole = templates_size(&load->templates, (enum operation)flight->operation);
        if (size < whole)
            break;
        size -= whole;
        connection->written++;
    }
    connection->offset = size;
}

bool connection_write(struct bench_connection *connection)
{
    struct load *load = connection->load;
    while (connection->written != connection->made) {
        collect(connection);
        ssize_t sent = writev(connection->io.fd, load->batch.pieces, load->batch.count);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno != EAGAIN) {
            lose(connection);
            return false;
        }
        if (sent > 0)
            advance(connection, (size_t)sent);
        if (sent < 0 || (size_t)sent < load->batch.size) {
            interest(connection, EV_READ | EV_WRITE);
            return true;
        }
    }
    interest(connection, EV_READ);
    return true;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* The oldest flight has its answer, with all that belongs to it. */
static bool land(struct bench_connection *connection, const struct answer *answer, uint64_t now_ns)
{
    struct load *load = connection->load;
    bool early = connection->answered == connection->written;
    if (early && (connection->offset == 0 || answer->kind != ANSWER_ERROR)) {
        /* Nothing was asked: this is how a server says that it has too many connections. */
        if (answer->kind == ANSWER_ERROR && load->phase >= LOAD_WARMING)
            load->second->errors[answer->error]++;
        else
            load->figures->bad_answers++;
        return false;
    }
    if (early) {
        /* Refused before it was there as a whole: a server that does this closes, the rest is of no more use. */
        connection->written++;
        connection->offset = 0;
    }
    const struct flight *flight = flight_at(connection, connection->answered);
    connection->answered++;
    load->in_flight--;
    if (load_answered(load, flight, answer, now_ns))
        return !early;
    load->figures->bad_answers++;
    return false;
}

/* Takes what is complete of the SIZE bytes AT, and keeps the rest. False: what came is not what was asked for. */
static bool take_answers(struct bench_connection *connection, const uint8_t *at, size_t size, uint64_t now_ns)
{
    connection->rest_size = 0;
    while (size > 0) {
        if (connection->skip > 0) {
            size_t skipped = connection->skip < size ? (size_t)connection->skip : size;
            at += skipped;
            size -= skipped;
            connection->skip -= skipped;
            if (connection->skip == 0 && !land(connection, &connection->held, now_ns))
                return false;
            continue;
        }
        struct answer answer;
        size_t consumed;
        enum answer_status status = answer_parse(at, size, &answer, &consumed);
        if (status == ANSWER_MORE) {
            ensure(size <= sizeof connection->rest);
            memcpy(connection->rest, at, size);
            connection->rest_size = size;
            return true;
        }
        if (status == ANSWER_PUSHED) {
            at += consumed;
            size -= consumed;
            continue;
        }
        if (status == ANSWER_BAD || (answer.has_body && answer.body_size > BENCH_SIZE_MAX)) {
            connection->load->figures->bad_answers++;
            return false;
        }
        at += consumed;
        size -= consumed;
        if (answer.has_body && size >= answer.body_size + ANSWER_END_SIZE) {
            at += answer.body_size + ANSWER_END_SIZE;
            size -= (size_t)answer.body_size + ANSWER_END_SIZE;
        } else if (answer.has_body) {
            connection->skip = answer.body_size + ANSWER_END_SIZE;
            connection->held = answer;
            continue;
        }
        if (!land(connection, &answer, now_ns))
            return false;
    }
    return true;
}

static void read_input(struct bench_connection *connection)
{
    struct load *load = connection->load;
    uint8_t *start = load->input + CONNECTION_REST_MAX - connection->rest_size;
    ssize_t got = read(connection->io.fd, load->input + CONNECTION_REST_MAX, LOAD_INPUT_BYTES);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        lose(connection);
        return;
    }
    uint64_t now_ns = load_now_ns();
    memcpy(start, connection->rest, connection->rest_size);
    load->figures->received_bytes += (uint64_t)got;
    uint32_t answered = connection->answered;
    if (!take_answers(connection, start, connection->rest_size + (size_t)got, now_ns)) {
        lose(connection);
        return;
    }
    if (connection->answered == answered)
        return;
    connection->wait_ms = CONNECTION_WAIT_MIN_MS;
    load_feed(load, connection, now_ns);
}

/* --- connecting --------------------------------------------------------------------------------------------------- */

static void connected(struct bench_connection *connection)
{
    struct load *load = connection->load;
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(connection->io.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0) {
        lose(connection);
        return;
    }
    ev_timer_stop(load->loop, &connection->timer);
    connection->state = CONNECTION_UP;
    load->connecting_count--;
    load->up_count++;
    if (connection->was_up && load->phase >= LOAD_MEASURING)
        load->figures->reconnected++;
    connection->was_up = true;
    uint64_t now_ns = load_now_ns();
    if (connection_write(connection)) {
        load_feed(load, connection, now_ns);
        load_step(load, now_ns);
    }
}

static void on_connection(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct bench_connection *connection = io->data;
    (void)loop;
    if (connection->state == CONNECTION_CONNECTING)
        connected(connection);
    else if (!(events & EV_WRITE) || connection_write(connection))
        if (events & EV_READ)
            read_input(connection);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct bench_connection *connection = timer->data;
    (void)loop, (void)events;
    if (connection->state == CONNECTION_CONNECTING)
        lose(connection);
    else
        connection_open(connection);
}

void connection_open(struct bench_connection *connection)
{
    struct load *load = connection->load;
    const struct endpoint_address *address = &load->addresses[connection->address_index];
    if (!connection->timer.data) {
        ev_init(&connection->io, on_connection);
        ev_init(&connection->timer, on_timer);
        connection->io.data = connection->timer.data = connection;
        connection->wait_ms = CONNECTION_WAIT_MIN_MS;
    }
    int socket_file = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_file < 0) {
        put_off(connection);
        return;
    }
    int on = 1;
    setsockopt(socket_file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ev_io_set(&connection->io, socket_file, EV_WRITE);
    connection->state = CONNECTION_CONNECTING;
    load->connecting_count++;
    if (connect(socket_file, (const struct sockaddr *)&address->bytes, address->size) < 0 && errno != EINPROGRESS) {
        put_off(connection);
        return;
    }
    ev_io_start(load->loop, &connection->io);
    timer_start(connection, CONNECTION_CONNECT_MS);
}
