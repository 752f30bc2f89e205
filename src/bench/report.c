#include "bench/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "client/endpoint.h"

enum { PERCENTILES = 4, CPU_LIMIT_PERCENT = 90, MICRO = 1000 };

static const struct {
    const char *name;
    const char *json_name;
    uint32_t per_million;
} percentiles[PERCENTILES] = {
    {"p50", "p50", 500000},
    {"p90", "p90", 900000},
    {"p99", "p99", 990000},
    {"p99.9", "p99_9", 999000},
};

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double per_second(uint64_t count, uint64_t elapsed_ns)
{
    return elapsed_ns > 0 ? (double)count / ((double)elapsed_ns / 1e9) : 0;
}

/* Of all operations together; to be given back with free(). */
static struct histogram *merged(const struct tally *tally)
{
    struct histogram *all = memory_get(sizeof *all);
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        histogram_merge(all, &tally->latency[i]);
    return all;
}

/* --- lines while it runs ------------------------------------------------------------------------------------------ */

void report_progress(const struct tally *second, uint64_t elapsed_ns, uint64_t now_ns, uint64_t begin_ns,
                     uint32_t connected)
{
    struct histogram *all = merged(second);
    if (now_ns < begin_ns)
        fprintf(stderr, "warming up ");
    else
        fprintf(stderr, "%6.1f s   ", (double)(now_ns - begin_ns) / 1e9);
    fprintf(stderr, "%10.0f /s   p50 %9.3f ms   p99 %9.3f ms   errors %" PRIu64 "   unknown %" PRIu64
            "   connections %" PRIu32 "\n",
            per_second(all->count, elapsed_ns), ms(histogram_percentile_ns(all, 500000)),
            ms(histogram_percentile_ns(all, 990000)), tally_errors(second), second->unknown, connected);
    free(all);
}

void report_fill_progress(uint32_t done, uint32_t keys)
{
    fprintf(stderr, "filling    %10" PRIu32 " of %" PRIu32 " keys\n", done, keys);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static void print_row(const char *name, const struct histogram *histogram, uint64_t elapsed_ns)
{
    printf("%-7s %12" PRIu64 " %11.0f %10.3f", name, histogram->count, per_second(histogram->count, elapsed_ns),
           ms(histogram_mean_ns(histogram)));
    for (unsigned i = 0; i < PERCENTILES; i++)
        printf(" %10.3f", ms(histogram_percentile_ns(histogram, percentiles[i].per_million)));
    printf(" %10.3f\n", ms(histogram->max_ns));
}

static void print_table(const struct load_figures *figures)
{
    unsigned kinds = 0;
    printf("\n%-7s %12s %11s %10s", "", "results", "per second", "mean ms");
    for (unsigned i = 0; i < PERCENTILES; i++)
        printf(" %7s ms", percentiles[i].name);
    printf(" %10s\n", "max ms");
    for (unsigned i = 0; i < OPERATION_COUNT; i++) {
        if (figures->total.latency[i].count == 0)
            continue;
        print_row(operation_name((enum operation)i), &figures->total.latency[i], figures->elapsed_ns);
        kinds++;
    }
    if (kinds == 1)
        return;
    struct histogram *all = merged(&figures->total);
    print_row("all", all, figures->elapsed_ns);
    free(all);
}

static void print_errors(const struct tally *tally)
{
    printf("errors        %" PRIu64, tally_errors(tally));
    const char *before = " (";
    for (uint32_t i = 0; i < TALLY_ERRORS; i++) {
        if (tally->errors[i] == 0)
            continue;
        printf("%s%s %" PRIu64, before, tally_error_name(i), tally->errors[i]);
        before = ", ";
    }
    printf("%s\n", tally_errors(tally) > 0 ? ")" : "");
}

static void print_cpu(const struct load_figures *figures, uint64_t results)
{
    double cpu_s = figures->user_s + figures->system_s;
    double percent = figures->elapsed_ns > 0 ? 100 * cpu_s / ((double)figures->elapsed_ns / 1e9) : 0;
    printf("this client   %.2f s user, %.2f s system: %.0f %% of one core", figures->user_s, figures->system_s,
           percent);
    if (results > 0)
        printf(", %.2f us an operation (%.2f user)", cpu_s * 1e6 / (double)results,
               figures->user_s * 1e6 / (double)results);
    printf("%s\n", percent >= CPU_LIMIT_PERCENT ? ": it may have been the limit" : "");
}

void report_text(const struct bench_options *options, const struct load_figures *figures)
{
    const struct tally *total = &figures->total;
    uint64_t results = tally_results(total);
    printf("%" PRIu32 " connections x %" PRIu32 ", %s of %" PRIu32 " bytes, %" PRIu32 " keys (%s)",
           options->connections, options->depth, options->mix_text, options->size_bytes, options->keys,
           distribution_name(options->distribution));
    if (options->rate > 0)
        printf(", %" PRIu64 " a second (%s)", options->rate, options->arrivals == ARRIVALS_EVEN ? "even" : "poisson");
    printf("%s\n", figures->interrupted ? "; interrupted" : "");
    print_table(figures);
    printf("\ntime          %.3f s\n", (double)figures->elapsed_ns / 1e9);
    print_errors(total);
    printf("misses        %" PRIu64 "\n", tally_misses(total));
    printf("conflicts     %" PRIu64 "\n", total->conflicts);
    printf("unknown       %" PRIu64 " on lost connections, %" PRIu64 " not answered, %" PRIu64 " due but not sent\n",
           total->unknown, figures->unanswered, figures->unsent);
    printf("connections   %" PRIu64 " at the begin, %" PRIu64 " lost, %" PRIu64 " opened again\n", figures->connected,
           figures->lost, figures->reconnected);
    if (figures->bad_answers > 0)
        printf("bad answers   %" PRIu64 "\n", figures->bad_answers);
    if (options->fill)
        printf("filled        %" PRIu32 " keys in %.3f s, %" PRIu64 " failed\n", options->keys,
               (double)figures->fill_ns / 1e9, figures->fill_failed);
    printf("longest gap   %.3f ms without any result\n", ms(figures->longest_gap_ns));
    printf("bytes         %" PRIu64 " sent, %" PRIu64 " received\n", figures->sent_bytes, figures->received_bytes);
    print_cpu(figures, results);
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void set_number(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void set_real(json_t *object, const char *name, double number)
{
    json_object_set_new(object, name, json_real(number));
}

static void set_text(json_t *object, const char *name, const char *text)
{
    /* A command line may hold any bytes; jansson makes nothing of what is not UTF-8. */
    json_t *string = json_string(text);
    json_object_set_new(object, name, string ? string : json_null());
}

static json_t *histogram_json(const struct histogram *histogram, uint64_t elapsed_ns)
{
    json_t *object = json_object();
    set_number(object, "results", histogram->count);
    set_real(object, "per_second", per_second(histogram->count, elapsed_ns));
    set_real(object, "min_us", (double)histogram->min_ns / MICRO);
    set_real(object, "mean_us", (double)histogram_mean_ns(histogram) / MICRO);
    for (unsigned i = 0; i < PERCENTILES; i++) {
        char name[20];
        snprintf(name, sizeof name, "%s_us", percentiles[i].json_name);
        set_real(object, name, (double)histogram_percentile_ns(histogram, percentiles[i].per_million) / MICRO);
    }
    set_real(object, "max_us", (double)histogram->max_ns / MICRO);
    return object;
}

static json_t *options_json(const struct bench_options *options)
{
    json_t *object = json_object();
    json_t *endpoints = json_array();
    char text[ENDPOINT_TEXT_SIZE];
    for (size_t i = 0; i < options->endpoints.count; i++)
        json_array_append_new(endpoints, json_string(endpoint_text(&options->endpoints.list[i], text)));
    json_object_set_new(object, "endpoints", endpoints);
    json_object_set_new(object, "leader", json_boolean(options->leader));
    set_number(object, "connections", options->connections);
    set_number(object, "depth", options->depth);
    set_text(object, "mix", options->mix_text);
    set_number(object, "size", options->size_bytes);
    set_number(object, "keys", options->keys);
    set_text(object, "distribution", distribution_name(options->distribution));
    set_text(object, "prefix", options->prefix);
    set_number(object, "exptime_s", options->exptime_s);
    json_object_set_new(object, "fill", json_boolean(options->fill));
    json_object_set_new(object, "seed", json_sprintf("%" PRIu64, options->seed)); /* JSON's integers are too short */
    set_number(object, "seconds_ms", options->duration_ms);
    set_number(object, "warmup_ms", options->warmup_ms);
    set_number(object, "count", options->count);
    set_number(object, "rate", options->rate);
    if (options->rate > 0)
        set_text(object, "arrivals", options->arrivals == ARRIVALS_EVEN ? "even" : "poisson");
    return object;
}

static void set_outcomes(json_t *object, const struct load_figures *figures)
{
    const struct tally *total = &figures->total;
    json_t *errors = json_object();
    for (uint32_t i = 0; i < TALLY_ERRORS; i++)
        if (total->errors[i] > 0)
            set_number(errors, tally_error_name(i), total->errors[i]);
    json_object_set_new(object, "errors_by_code", errors);
    set_number(object, "errors", tally_errors(total));
    set_number(object, "misses", tally_misses(total));
    set_number(object, "conflicts", total->conflicts);
    set_number(object, "unknown", total->unknown);
    set_number(object, "unanswered", figures->unanswered);
    set_number(object, "unsent", figures->unsent);
    set_number(object, "bad_answers", figures->bad_answers);
    set_number(object, "connected", figures->connected);
    set_number(object, "connections_lost", figures->lost);
    set_number(object, "connections_reopened", figures->reconnected);
    set_number(object, "fill_failed", figures->fill_failed);
    set_real(object, "fill_s", (double)figures->fill_ns / 1e9);
    set_real(object, "longest_gap_ms", ms(figures->longest_gap_ns));
    set_number(object, "sent_bytes", figures->sent_bytes);
    set_number(object, "received_bytes", figures->received_bytes);
}

bool report_json(const struct bench_options *options, const struct load_figures *figures)
{
    json_t *report = json_object(), *by_operation = json_object(), *cpu = json_object();
    struct histogram *all = merged(&figures->total);
    double cpu_s = figures->user_s + figures->system_s;
    set_text(report, "version", CLEAT_VERSION);
    json_object_set_new(report, "options", options_json(options));
    json_object_set_new(report, "interrupted", json_boolean(figures->interrupted));
    set_real(report, "elapsed_s", (double)figures->elapsed_ns / 1e9);
    json_object_set_new(report, "all", histogram_json(all, figures->elapsed_ns));
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        if (figures->total.latency[i].count > 0)
            json_object_set_new(by_operation, operation_name((enum operation)i),
                                histogram_json(&figures->total.latency[i], figures->elapsed_ns));
    json_object_set_new(report, "by_operation", by_operation);
    set_outcomes(report, figures);
    set_real(cpu, "user_s", figures->user_s);
    set_real(cpu, "system_s", figures->system_s);
    set_real(cpu, "percent_of_a_core", figures->elapsed_ns > 0 ? cpu_s * 1e11 / (double)figures->elapsed_ns : 0);
    set_real(cpu, "us_an_operation", all->count > 0 ? cpu_s * 1e6 / (double)all->count : 0);
    json_object_set_new(report, "client_cpu", cpu);
    bool good = json_dumpf(report, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9)) == 0 &&
                putchar('\n') != EOF;
    json_decref(report);
    free(all);
    return good;
}
