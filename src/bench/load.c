#include "bench/load.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "bench/internal.h"
#include "bench/report.h"

enum {
    CONNECT_MS = 10000,         /* for all connections to be there */
    DRAIN_MS = 10000,           /* for what is under way: longer than a server's --timeout-ms usually is */
    INTERRUPTED_DRAIN_MS = 1000,
    SILENCE_MAX_S = 60,         /* where no time is set, it ends when nothing came for so long */
    FILL_DEPTH = 32,
    FILL_BYTES = 64 * 1024 * 1024, /* of values under way in all, at most */
};

/* --- what is to be done next -------------------------------------------------------------------------------------- */

static bool open_loop(const struct load *load)
{
    return load->options->rate > 0;
}

static bool count_is_reached(const struct load *load)
{
    return load->options->count > 0 && load->issued >= load->options->count;
}

static struct flight make_flight(struct load *load, struct bench_connection *connection, uint64_t start_ns)
{
    enum operation operation = workload_operation(&load->workload);
    uint32_t key = workload_key(&load->workload, connection->number, &connection->cursor);
    return (struct flight){
        .start_ns = start_ns,
        .version = operation == OPERATION_CAS ? load->versions[key] : 0,
        .key = key,
        .operation = (uint8_t)operation,
    };
}

/* Closed loop: CONNECTION's next flight. False: there is none now. */
static bool next_flight(struct load *load, struct bench_connection *connection, uint64_t now_ns, struct flight *flight)
{
    switch (load->phase) {
    case LOAD_FILLING:
        if (load->fill_next == load->options->keys)
            return false;
        *flight = (struct flight){.start_ns = now_ns, .key = load->fill_next++, .operation = OPERATION_WRITE};
        return true;
    case LOAD_MEASURING:
        if (count_is_reached(load))
            return false;
        load->issued++;
        *flight = make_flight(load, connection, now_ns);
        return true;
    case LOAD_WARMING:
        *flight = make_flight(load, connection, now_ns);
        return true;
    default:
        return false;
    }
}

/* Open loop: whether an operation is due that still belongs to the run. */
static bool is_due(const struct load *load, uint64_t now_ns)
{
    uint64_t due_ns = pace_due_ns(&load->pace);
    return load->phase >= LOAD_WARMING && due_ns <= now_ns && due_ns < load->end_ns && !count_is_reached(load);
}

/* Gives what is due to those who are idle, the longest idle first; then they write, each once. */
static void dispatch(struct load *load, uint64_t now_ns)
{
    uint32_t touched_count = 0;
    while (!list_empty(&load->idle) && is_due(load, now_ns)) {
        struct bench_connection *connection = list_item(load->idle.next, struct bench_connection, idle);
        struct flight flight = make_flight(load, connection, pace_due_ns(&load->pace));
        load->issued += flight.start_ns >= load->begin_ns;
        pace_advance(&load->pace, &load->workload);
        if (connection->written == connection->made)
            load->touched[touched_count++] = connection;
        connection_push(connection, &flight);
        list_remove(&connection->idle);
        if (connection_room(connection) > 0)
            list_add_last(&load->idle, &connection->idle);
    }
    for (uint32_t i = 0; i < touched_count; i++)
        if (load->touched[i]->state == CONNECTION_UP)
            connection_write(load->touched[i]);
    if (load->phase < LOAD_WARMING)
        return;
    if (list_empty(&load->idle) || pace_due_ns(&load->pace) >= load->end_ns || count_is_reached(load))
        pace_disarm(&load->pace);
    else
        pace_arm(&load->pace);
}

void load_feed(struct load *load, struct bench_connection *connection, uint64_t now_ns)
{
    load_step(load, now_ns);
    if (connection->state != CONNECTION_UP)
        return;
    if (open_loop(load) && load->phase >= LOAD_WARMING) {
        bool first = list_empty(&load->idle);
        if (connection_room(connection) > 0 && !list_linked(&connection->idle))
            list_add_last(&load->idle, &connection->idle);
        if (first)
            dispatch(load, now_ns); /* who was not alone in being idle waits for the clock */
        return;
    }
    struct flight flight;
    while (connection_room(connection) > 0 && next_flight(load, connection, now_ns, &flight))
        connection_push(connection, &flight);
    if (connection->written != connection->made && !(connection->io.events & EV_WRITE))
        connection_write(connection);
    if (count_is_reached(load))
        load_step(load, now_ns);
}

static void feed_all(struct load *load, uint64_t now_ns)
{
    for (uint32_t i = 0; i < load->begun_count; i++)
        if (load->connections[i].state == CONNECTION_UP)
            load_feed(load, &load->connections[i], now_ns);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void see_version(struct load *load, uint32_t key, uint64_t version)
{
    if (load->versions)
        load->versions[key] = version;
}

static void count_result(struct load *load, const struct flight *flight, uint64_t now_ns)
{
    uint64_t gap_ns = now_ns - load->last_result_ns;
    if (gap_ns > load->figures->longest_gap_ns && load->phase >= LOAD_MEASURING)
        load->figures->longest_gap_ns = gap_ns;
    load->last_result_ns = now_ns;
    if (flight->start_ns >= load->count_from_ns)
        histogram_add(&load->second->latency[flight->operation], now_ns - flight->start_ns);
}

bool load_answered(struct load *load, const struct flight *flight, const struct answer *answer, uint64_t now_ns)
{
    bool counted = flight->start_ns >= load->count_from_ns;
    unsigned operation = flight->operation;
    bool changes = operation == OPERATION_WRITE || operation == OPERATION_CAS;
    load->last_answer_ns = now_ns;
    switch (answer->kind) {
    case ANSWER_OK:
        if (operation == OPERATION_READ)
            return false;
        see_version(load, flight->key, changes ? answer->version : 0);
        load_wrote(load, flight);
        break;
    case ANSWER_CONTENTS:
        if (operation != OPERATION_READ)
            return false;
        see_version(load, flight->key, answer->version);
        break;
    case ANSWER_NOT_FOUND:
        if (changes)
            return false;
        see_version(load, flight->key, 0);
        load->second->misses[operation] += counted;
        break;
    case ANSWER_VERSION_MISMATCH:
        if (operation != OPERATION_CAS)
            return false;
        see_version(load, flight->key, answer->version);
        load->second->conflicts += counted;
        break;
    case ANSWER_ERROR:
        load->second->errors[answer->error] += counted;
        load->figures->fill_failed += load->phase == LOAD_FILLING;
        if (answer->error == REPLY_TIMEOUT) /* it may have been done */
            load_wrote(load, flight);
        return true;
    default:
        return false;
    }
    count_result(load, flight, now_ns);
    return true;
}

void load_unknown(struct load *load, const struct flight *flight)
{
    load_wrote(load, flight);
    load->second->unknown += flight->start_ns >= load->count_from_ns;
    load->figures->fill_failed += load->phase == LOAD_FILLING;
}

/* --- phases ------------------------------------------------------------------------------------------------------- */

static void set_deadline(struct load *load, uint64_t from_ns, uint64_t at_ns)
{
    ev_timer_stop(load->loop, &load->deadline);
    if (at_ns == UINT64_MAX)
        return;
    ev_now_update(load->loop);
    ev_timer_set(&load->deadline, at_ns > from_ns ? (double)(at_ns - from_ns) / 1e9 : 0, 0);
    ev_timer_start(load->loop, &load->deadline);
}

static void read_cpu(double *user_s, double *system_s)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *user_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
    *system_s = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

static void begin_draining(struct load *load, uint64_t now_ns, uint64_t limit_ms)
{
    load->phase = LOAD_DRAINING;
    set_deadline(load, now_ns, now_ns + limit_ms * 1000000);
}

static void begin_measuring(struct load *load, uint64_t now_ns)
{
    struct load_figures *figures = load->figures;
    load->phase = LOAD_MEASURING;
    load->count_from_ns = load->begin_ns;
    load->last_result_ns = load->last_answer_ns = load->begin_ns;
    tally_clear(load->second);
    figures->measured = true;
    figures->connected = load->up_count;
    figures->sent_bytes = figures->received_bytes = 0;
    figures->longest_gap_ns = figures->bad_answers = 0;
    read_cpu(&figures->user_s, &figures->system_s);
    load->tick_ns = now_ns;
    ev_timer_again(load->loop, &load->tick);
    set_deadline(load, now_ns, load->end_ns);
}

static void begin_warming(struct load *load, uint64_t now_ns)
{
    const struct bench_options *options = load->options;
    load->phase = LOAD_WARMING;
    load->tick_ns = now_ns;
    load->depth = options->depth;
    load->count_from_ns = 0;
    load->begin_ns = now_ns + options->warmup_ms * 1000000;
    load->end_ns = options->duration_ms > 0 ? load->begin_ns + options->duration_ms * 1000000 : UINT64_MAX;
    pace_start(&load->pace, now_ns);
    tally_clear(load->second);
    if (options->warmup_ms == 0)
        begin_measuring(load, now_ns);
    else
        set_deadline(load, now_ns, load->begin_ns);
    feed_all(load, load_now_ns());
}

static void begin_filling(struct load *load, uint64_t now_ns)
{
    const struct bench_options *options = load->options;
    if (!options->fill) {
        begin_warming(load, now_ns);
        return;
    }
    load->phase = LOAD_FILLING;
    load->depth = load->ring_size < FILL_DEPTH ? load->ring_size : FILL_DEPTH;
    while (load->depth > 1 && (uint64_t)load->depth * options->connections * options->size_bytes > FILL_BYTES)
        load->depth /= 2;
    load->figures->fill_ns = load->last_answer_ns = now_ns;
    feed_all(load, now_ns);
}

static void end_filling(struct load *load, uint64_t now_ns)
{
    load->figures->fill_ns = now_ns - load->figures->fill_ns;
    begin_warming(load, now_ns);
}

void load_step(struct load *load, uint64_t now_ns)
{
    while (load->begun_count < load->options->connections && load->connecting_count < LOAD_CONNECTING_MAX)
        connection_open(&load->connections[load->begun_count++]);
    if (load->phase == LOAD_CONNECTING) {
        if (load->up_count == load->options->connections)
            begin_filling(load, now_ns);
    } else if (load->phase == LOAD_FILLING) {
        if (load->in_flight == 0 && load->fill_next == load->options->keys)
            end_filling(load, now_ns);
    } else if (load->phase == LOAD_WARMING) {
        if (now_ns >= load->begin_ns)
            begin_measuring(load, now_ns);
    } else if (load->phase == LOAD_MEASURING) {
        if (now_ns >= load->end_ns || count_is_reached(load))
            begin_draining(load, now_ns, DRAIN_MS);
    }
    if (load->phase == LOAD_DRAINING && load->in_flight == 0 && (!open_loop(load) || !is_due(load, now_ns)))
        ev_break(load->loop, EVBREAK_ALL);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

static void on_deadline(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct load *load = timer->data;
    (void)events;
    uint64_t now_ns = load_now_ns();
    if (load->phase == LOAD_DRAINING || (load->phase == LOAD_CONNECTING && load->up_count == 0)) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    if (load->phase == LOAD_CONNECTING) {
        begin_filling(load, now_ns);
        return;
    }
    enum load_phase phase = load->phase;
    load_step(load, now_ns);
    if (load->phase == phase) /* the timer's clock was a little ahead */
        set_deadline(load, now_ns, now_ns + 1000000);
}

static void on_tick(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct load *load = timer->data;
    (void)events;
    uint64_t now_ns = load_now_ns();
    bool silent = now_ns - load->last_answer_ns > (uint64_t)SILENCE_MAX_S * 1000000000;
    if (silent && load->phase >= LOAD_FILLING && (load->phase == LOAD_FILLING || load->end_ns == UINT64_MAX))
        ev_break(loop, EVBREAK_ALL);
    if (!load->options->quiet && load->phase == LOAD_FILLING)
        report_fill_progress(load->fill_next, load->options->keys);
    if (load->phase < LOAD_WARMING)
        return;
    if (!load->options->quiet)
        report_progress(load->second, now_ns - load->tick_ns, now_ns, load->begin_ns, load->up_count);
    load->tick_ns = now_ns;
    if (load->phase >= LOAD_MEASURING)
        tally_merge(&load->figures->total, load->second);
    tally_clear(load->second);
}

static void on_signal(struct ev_loop *loop, struct ev_signal *watcher, int events)
{
    struct load *load = watcher->data;
    (void)events;
    uint64_t now_ns = load_now_ns();
    bool again = load->figures->interrupted;
    load->figures->interrupted = true;
    if (again || load->phase < LOAD_MEASURING) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    if (now_ns < load->end_ns)
        load->end_ns = now_ns;
    begin_draining(load, now_ns, INTERRUPTED_DRAIN_MS);
    load_step(load, now_ns);
}

static void on_due(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct load *load = io->data;
    (void)loop, (void)events;
    uint64_t now_ns = load_now_ns();
    load_step(load, now_ns);
    dispatch(load, now_ns);
}

/* --- a run -------------------------------------------------------------------------------------------------------- */

static void load_init(struct load *load)
{
    const struct bench_options *options = load->options;
    workload_init(&load->workload, &options->mix, options->distribution, options->keys, options->connections,
                  options->seed);
    templates_init(&load->templates, options->prefix, options->keys, options->size_bytes, options->exptime_s,
                   options->seed);
    uint32_t depth = options->fill && options->depth < FILL_DEPTH ? FILL_DEPTH : options->depth;
    for (load->ring_size = 1; load->ring_size < depth;)
        load->ring_size *= 2;
    load->depth = options->depth;
    load->phase = LOAD_CONNECTING;
    load->count_from_ns = UINT64_MAX;
    load->begin_ns = load->end_ns = UINT64_MAX;
    load->input = memory_get(CONNECTION_REST_MAX + LOAD_INPUT_BYTES);
    load->second = memory_get(sizeof *load->second);
    load->connections = memory_get(options->connections * sizeof *load->connections);
    load->flights = memory_get((size_t)options->connections * load->ring_size * sizeof *load->flights);
    load->touched = memory_get(options->connections * sizeof *load->touched);
    written_init(&load->figures->written, options->keys);
    if (options->mix.weights[OPERATION_CAS] > 0)
        load->versions = memory_get(options->keys * sizeof *load->versions);
    list_init(&load->idle);
    for (uint32_t i = 0; i < options->connections; i++) {
        load->connections[i].load = load;
        load->connections[i].number = i;
        load->connections[i].ring = load->flights + (size_t)i * load->ring_size;
        load->connections[i].address_index = options->leader ? 0 : i % load->address_count;
    }
}

static void watch(struct load *load)
{
    ev_timer_init(&load->tick, on_tick, 1, 1);
    ev_init(&load->deadline, on_deadline);
    ev_signal_init(&load->interrupt, on_signal, SIGINT);
    ev_signal_init(&load->terminate, on_signal, SIGTERM);
    ev_io_init(&load->due, on_due, load->pace.clock_file, EV_READ);
    load->tick.data = load->deadline.data = load->interrupt.data = load->terminate.data = load->due.data = load;
    ev_timer_start(load->loop, &load->tick);
    ev_signal_start(load->loop, &load->interrupt);
    ev_signal_start(load->loop, &load->terminate);
    if (open_loop(load))
        ev_io_start(load->loop, &load->due);
}

/* How many were due until END and never went out. */
static uint64_t count_unsent(struct load *load, uint64_t now_ns)
{
    uint64_t count = 0;
    for (; open_loop(load) && is_due(load, now_ns); load->issued++, count++)
        pace_advance(&load->pace, &load->workload);
    return count;
}

static void finish(struct load *load)
{
    struct load_figures *figures = load->figures;
    uint64_t now_ns = load_now_ns();
    double user_s, system_s;
    if (!figures->measured)
        return;
    read_cpu(&user_s, &system_s);
    figures->user_s = user_s - figures->user_s;
    figures->system_s = system_s - figures->system_s;
    tally_merge(&figures->total, load->second);
    figures->unanswered = load->in_flight;
    figures->unsent = count_unsent(load, now_ns);
    /* Where all has been answered, the time from then on, until a timer noticed, is nobody's. */
    uint64_t ended_ns = load->last_answer_ns;
    if (figures->unanswered + figures->unsent > 0 || (load->end_ns == UINT64_MAX && !count_is_reached(load)))
        ended_ns = now_ns;
    else if (load->end_ns > ended_ns && !count_is_reached(load))
        ended_ns = load->end_ns;
    figures->elapsed_ns = ended_ns - load->begin_ns;
    if (ended_ns > load->last_result_ns && ended_ns - load->last_result_ns > figures->longest_gap_ns)
        figures->longest_gap_ns = ended_ns - load->last_result_ns;
}

static void load_close(struct load *load)
{
    for (uint32_t i = 0; i < load->begun_count; i++)
        connection_close(&load->connections[i]);
    ev_signal_stop(load->loop, &load->interrupt); /* else libev holds on to this loop, and aborts with the next one */
    ev_signal_stop(load->loop, &load->terminate);
    pace_close(&load->pace);
    templates_close(&load->templates);
    free(load->versions);
    free(load->touched);
    free(load->flights);
    free(load->connections);
    free(load->second);
    free(load->input);
    ev_loop_destroy(load->loop);
    free(load);
}

const char *load_run(const struct bench_options *options, const struct endpoint_address *addresses,
                     size_t address_count, struct load_figures *figures)
{
    struct load *load = memory_get(sizeof *load);
    load->options = options;
    load->addresses = addresses;
    load->address_count = address_count;
    load->figures = figures;
    load->loop = ev_loop_new(EVFLAG_AUTO);
    ensure(load->loop != NULL);
    load->pace.clock_file = -1;
    load_init(load);
    const char *reason = NULL;
    if (open_loop(load) && !pace_open(&load->pace, options->rate, options->arrivals)) {
        reason = strerror(errno);
    } else {
        watch(load);
        uint64_t now_ns = load_now_ns();
        set_deadline(load, now_ns, now_ns + (uint64_t)CONNECT_MS * 1000000);
        load_step(load, now_ns);
        ev_run(load->loop, 0);
        finish(load);
        if (load->phase == LOAD_CONNECTING && !figures->interrupted)
            reason = "no connection stays open";
    }
    load_close(load);
    return reason;
}
