/* `cleat bench`: puts load on a cluster and measures it. */
#ifndef CLEAT_BENCH_BENCH_H
#define CLEAT_BENCH_BENCH_H

/* ARGV[0] is the verb. Returns the program's exit status: 0; 1 if nothing succeeded or nobody was there; 2 for wrong
 * options. */
int bench_run(int argc, char **argv);

#endif
