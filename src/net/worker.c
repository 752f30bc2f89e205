#include "net/worker.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/ensure.h"

static void wait_for_work(struct worker *worker)
{
    while (sem_wait(&worker->work) < 0)
        ensure(errno == EINTR);
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    if (worker->nice > 0)
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), worker->nice); /* of this thread alone, on Linux */
    for (;;) {
        wait_for_work(worker);
        if (worker->quit)
            return NULL;
        if (worker->log)
            disk_log_execute(worker->disk, worker->log);
        if (worker->bulk)
            disk_bulk_execute(worker->disk, worker->bulk);
        atomic_store_explicit(&worker->done, true, memory_order_release);
        ev_async_send(worker->loop, worker->wake);
    }
}

void worker_start(struct worker *worker, struct disk *disk, struct ev_loop *loop, struct ev_async *wake, int nice)
{
    *worker = (struct worker){.disk = disk, .loop = loop, .wake = wake, .nice = nice};
    ensure(sem_init(&worker->work, 0, 0) == 0);
    /* Signals are the loop's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ensure(pthread_create(&worker->thread, NULL, worker_run, worker) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool is_done(const struct worker *worker)
{
    return atomic_load_explicit(&worker->done, memory_order_acquire);
}

static void submit(struct worker *worker, struct disk_log *log, struct disk_bulk *bulk)
{
    ensure(!worker->log && !worker->bulk && !is_done(worker));
    worker->log = log;
    worker->bulk = bulk;
    ensure(sem_post(&worker->work) == 0);
}

void worker_submit_log(struct worker *worker, struct disk_log *request)
{
    submit(worker, request, NULL);
}

void worker_submit_bulk(struct worker *worker, struct disk_bulk *request)
{
    submit(worker, NULL, request);
}

/* Back to having nothing to do. */
static void clear(struct worker *worker)
{
    worker->log = NULL;
    worker->bulk = NULL;
    atomic_store_explicit(&worker->done, false, memory_order_relaxed);
}

struct disk_log *worker_take_log(struct worker *worker)
{
    if (!is_done(worker))
        return NULL;
    struct disk_log *request = worker->log;
    clear(worker);
    return request;
}

struct disk_bulk *worker_take_bulk(struct worker *worker)
{
    if (!is_done(worker))
        return NULL;
    struct disk_bulk *request = worker->bulk;
    clear(worker);
    return request;
}

void worker_stop(struct worker *worker)
{
    worker->quit = true;
    ensure(sem_post(&worker->work) == 0);
    pthread_join(worker->thread, NULL);
    sem_destroy(&worker->work);
}
