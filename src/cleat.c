/* cleat: the command-line client. A table of verbs; each has its own options and its own exit statuses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

enum { EXIT_USAGE = 2 };

struct verb {
    const char *name;
    const char *arguments;
    const char *help;                    /* one line */
    int (*run)(int argc, char **argv);   /* argv[0] is the verb; returns the exit status; knows --help */
};

static int help_run(int argc, char **argv);

static const struct verb verbs[] = {
    {"bench", "[options]", "puts load on a cluster and measures it", bench_run},
    {"help", "[VERB]", "shows this, or how VERB is used", help_run},
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static void print_usage(FILE *file)
{
    fputs("usage: cleat VERB [argument...]\n\n", file);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(file, "  %-8s %-12s %s\n", verbs[i].name, verbs[i].arguments, verbs[i].help);
    fputs("\n  --help, --version\n\n`cleat help VERB` tells more.\n", file);
}

static int unknown(const char *name)
{
    fprintf(stderr, "cleat: there is no verb '%.60s'; see cleat --help\n", name);
    return EXIT_USAGE;
}

static int help_run(int argc, char **argv)
{
    const struct verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;
    if (argc > 1 && strcmp(argv[1], "--help") != 0 && !verb)
        return unknown(argv[1]);
    if (!verb || verb->run == help_run) {
        print_usage(stdout);
        return EXIT_SUCCESS;
    }
    char option[] = "--help";
    char *arguments[] = {argv[1], option, NULL};
    return verb->run(2, arguments);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("cleat " CLEAT_VERSION);
        return EXIT_SUCCESS;
    }
    if (strcmp(argv[1], "--help") == 0)
        return help_run(1, argv);
    const struct verb *verb = find_verb(argv[1]);
    return verb ? verb->run(argc - 1, argv + 1) : unknown(argv[1]);
}
