/* The verbs of `cleat`, each with its help. */
#ifndef CLEAT_CLI_VERBS_H
#define CLEAT_CLI_VERBS_H

#include <stddef.h>
#include <stdio.h>

#include "cli/cli.h"

extern const struct cli_verb verbs[];
extern const size_t verbs_count;

/* Another name of a verb: the protocol's own. */
struct cli_alias {
    const char *name;
    const char *verb;
    int words_max;            /* of the protocol's words, those that are the same here */
    const char *instead;      /* where there are more: what is said in their place */
};

extern const struct cli_alias verbs_aliases[];
extern const size_t verbs_alias_count;

/* By its own name, or another. NULL: there is none of that name. */
const struct cli_verb *verbs_find(const char *name);
/* NULL: NAME is no other name of a verb. */
const struct cli_alias *verbs_find_alias(const char *name);

/* What `cleat --help` and `cleat VERB --help` show. */
void verbs_print_all(FILE *file);
void verbs_print_one(FILE *file, const struct cli_verb *verb);

/* Shows one of these on stdout, as JSON if the options say so. VERB NULL: the one of all. */
void help_show(const struct cli *cli, const struct cli_verb *verb);
void help_show_version(const struct cli *cli);

/* The functions of the verbs, each in the file of its noun. */
int get_run(struct cli *cli);
int put_run(struct cli *cli);
int cas_run(struct cli *cli);
int append_run(struct cli *cli);
int rm_run(struct cli *cli);
int touch_run(struct cli *cli);
int incr_run(struct cli *cli);
int cp_run(struct cli *cli);
int mv_run(struct cli *cli);
int swap_run(struct cli *cli);
int ls_run(struct cli *cli);
int tree_run(struct cli *cli);
int stat_run(struct cli *cli);
int txn_run(struct cli *cli);
int status_run(struct cli *cli);
int members_run(struct cli *cli);
int level_run(struct cli *cli);
int ping_run(struct cli *cli);
int help_run(struct cli *cli);
int version_run(struct cli *cli);
int upload_run(struct cli *cli);   /* put -r */
int download_run(struct cli *cli); /* get -r */

#endif
