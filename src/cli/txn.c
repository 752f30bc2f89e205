#include "cli/verbs.h"
int txn_run(struct cli *cli) { (void)cli; return 1; }
