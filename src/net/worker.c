#include "net/worker.h"

#include <signal.h>

#include "base/ensure.h"

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    pthread_mutex_lock(&worker->mutex);
    for (;;) {
        while (!worker->quit && (worker->done || (!worker->log && !worker->bulk)))
            pthread_cond_wait(&worker->changed, &worker->mutex);
        if (worker->quit)
            break;
        struct disk_log *log = worker->log;
        struct disk_bulk *bulk = worker->bulk;
        pthread_mutex_unlock(&worker->mutex);
        if (log)
            disk_log_execute(worker->disk, log);
        if (bulk)
            disk_bulk_execute(worker->disk, bulk);
        pthread_mutex_lock(&worker->mutex);
        worker->done = true;
        ev_async_send(worker->loop, worker->wake);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

void worker_start(struct worker *worker, struct disk *disk, struct ev_loop *loop, struct ev_async *wake)
{
    *worker = (struct worker){.disk = disk, .loop = loop, .wake = wake};
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->changed, NULL);
    /* Signals are the loop's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ensure(pthread_create(&worker->thread, NULL, worker_run, worker) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void submit(struct worker *worker, struct disk_log *log, struct disk_bulk *bulk)
{
    pthread_mutex_lock(&worker->mutex);
    ensure(!worker->log && !worker->bulk && !worker->done);
    worker->log = log;
    worker->bulk = bulk;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
}

void worker_submit_log(struct worker *worker, struct disk_log *request)
{
    submit(worker, request, NULL);
}

void worker_submit_bulk(struct worker *worker, struct disk_bulk *request)
{
    submit(worker, NULL, request);
}

struct disk_log *worker_take_log(struct worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    struct disk_log *request = worker->done ? worker->log : NULL;
    if (request) {
        worker->log = NULL;
        worker->done = false;
    }
    pthread_mutex_unlock(&worker->mutex);
    return request;
}

struct disk_bulk *worker_take_bulk(struct worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    struct disk_bulk *request = worker->done ? worker->bulk : NULL;
    if (request) {
        worker->bulk = NULL;
        worker->done = false;
    }
    pthread_mutex_unlock(&worker->mutex);
    return request;
}

void worker_stop(struct worker *worker)
{
    pthread_mutex_lock(&worker->mutex);
    worker->quit = true;
    pthread_cond_signal(&worker->changed);
    pthread_mutex_unlock(&worker->mutex);
    pthread_join(worker->thread, NULL);
    pthread_mutex_destroy(&worker->mutex);
    pthread_cond_destroy(&worker->changed);
}
