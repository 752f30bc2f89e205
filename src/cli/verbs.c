#include "cli/verbs.h"

#include <string.h>

#include "protocol/transaction.h"

static const char exit_statuses[] =
    "Exit status:\n"
    "  0    done\n"
    "  1    failed for another reason: a local file, or an error of the server\n"
    "  2    wrong usage\n"
    "  3    there is no such file, or folder\n"
    "  4    the file has another version\n"
    "  5    no server could be reached, or none did it in time: nothing was changed\n"
    "  6    as 5, but it is not known whether the change was done, or will be\n"
    "  130  interrupted\n"
    "\n"
    "Of a command with several files, the first failure counts; it goes on with the\n"
    "others, but after 5, 6 and 130.\n";

static const char about[] =
    "A command-line client of Cleat, a store of small files with versions that\n"
    "several servers keep the same.\n"
    "\n"
    "Without a verb it shows a prompt, or, where stdin is no terminal, runs the\n"
    "commands there, one a line, up to the first that fails. At the prompt, words may\n"
    "be in quotes, Tab completes verbs and names, and `exit [STATUS]` ends.\n"
    "\n"
    "Names are flat; what they share up to a '/' counts as a folder. Folders need not\n"
    "be made, and are gone with their last file.\n"
    "\n"
    "When a server is lost, the next endpoint is tried. Each change carries a random\n"
    "token, and servers do a change with the same token only once: so it is safe that\n"
    "it is sent again.\n";

static const char environment[] =
    "Environment:\n"
    "  CLEAT_ENDPOINTS  HOST:PORT,HOST:PORT,...: servers, where --endpoints does not say others\n"
    "  XDG_STATE_HOME   where the prompt's history is kept, as cleat_history (else ~/.cleat_history)\n";

const struct cli_verb verbs[] = {
    {"get", "NAME [PATH]", "shows a file's contents, or keeps them in a local file",
     "Without PATH, or with '-', the contents go to stdout. PATH is replaced at once\n"
     "when all is there, never left half written. In a local folder the file gets the\n"
     "last part of NAME.\n"
     "\n"
     "get -r FOLDER DIR gets all files whose names begin with FOLDER and '/' into the\n"
     "local folder DIR, which is made if absent. FOLDER '' is all there is. Nothing is\n"
     "written outside of DIR: names with empty parts, '.' or '..', and names that are\n"
     "both a file and a folder are refused (exit status 1), and the others are got.\n"
     "Each file is as it was at one moment; all of them together need not be.\n",
     TAKES_RECURSIVE | TAKES_STALE, 1, 2, get_run},
    {"put", "NAME [PATH]", "creates or replaces a file",
     "The contents are those of PATH, or --text, or else stdin.\n"
     "\n"
     "put -r DIR [FOLDER] puts all regular files below the local folder DIR as\n"
     "FOLDER/..., by default under DIR's own name; FOLDER '' is no folder. Symbolic\n"
     "links and other files that are not regular are skipped with a note. A file that\n"
     "cannot be put (too large, no fit name) is told, and the others are put; the exit\n"
     "status is then 1.\n",
     TAKES_RECURSIVE | TAKES_TTL | TAKES_VERSION | TAKES_CREATE | TAKES_TEXT, 1, 2, put_run},
    {"cas", "NAME VERSION [PATH]", "replaces a file if it has that version",
     "Prints the version that it made. VERSION 0: there must be no such file. The\n"
     "contents are those of PATH, or --text, or else stdin. Where the file has another\n"
     "version the exit status is 4.\n",
     TAKES_TTL | TAKES_TEXT, 2, 3, cas_run},
    {"append", "NAME [PATH]", "adds to the end of a file, or creates it",
     "What is added is PATH's contents, or --text, or else stdin. A file that is there\n"
     "keeps its remaining life; --ttl is for one that is created.\n",
     TAKES_TTL | TAKES_TEXT, 1, 2, append_run},
    {"rm", "NAME...", "deletes files",
     "rm -r FOLDER... deletes all files whose names begin with FOLDER and '/'. Each\n"
     "file is deleted by itself: others may see a part of them gone. FOLDER '' is all\n"
     "there is.\n",
     TAKES_RECURSIVE | TAKES_VERSION | TAKES_FORCE, 1, -1, rm_run},
    {"ls", "[PREFIX]", "lists files and folders",
     "Lists names that begin with PREFIX, which may end anywhere: 'ls a/' lists the\n"
     "folder a, 'ls a' whatever begins with an a. Names are whole, in bytewise order;\n"
     "folders end in '/'. With -r, files in folders too. Lifetimes are in seconds, '-'\n"
     "for ever. Where no name begins with PREFIX the exit status is 3.\n",
     TAKES_RECURSIVE | TAKES_LONG | TAKES_STALE, 0, 1, ls_run},
    {"tree", "[FOLDER]", "draws what is in a folder, and in its folders",
     "Without FOLDER, all there is. With --json, the files with versions, sizes and\n"
     "lifetimes. Where there is no such folder the exit status is 3.\n",
     TAKES_STALE, 0, 1, tree_run},
    {"cp", "SOURCE DEST", "copies a file, or a folder",
     "DEST gets SOURCE's contents and remaining life, in one step. If DEST ends in\n"
     "'/', the file keeps its last part there. --if-version and --create are about\n"
     "DEST.\n"
     "\n"
     "cp -r copies all files whose names begin with SOURCE and '/': each in one step,\n"
     "the whole not.\n",
     TAKES_RECURSIVE | TAKES_VERSION | TAKES_CREATE, 2, 2, cp_run},
    {"mv", "SOURCE DEST", "renames a file, or a folder",
     "DEST gets SOURCE's contents and remaining life, and SOURCE is gone, in one step.\n"
     "If DEST ends in '/', the file keeps its last part there. --if-version and\n"
     "--create are about DEST.\n"
     "\n"
     "mv -r renames all files whose names begin with SOURCE and '/': each in one step,\n"
     "the whole not. Run it again when it was interrupted.\n",
     TAKES_RECURSIVE | TAKES_VERSION | TAKES_CREATE, 2, 2, mv_run},
    {"swap", "A B [AV BV]", "exchanges what two files hold",
     "Each file gets the contents and the remaining life of the other, in one step. With\n"
     "AV and BV, only if A has version AV and B has BV: else the exit status is 4.\n",
     0, 2, 4, swap_run},
    {"stat", "NAME...", "shows version, size, remaining life and hash of files",
     "ttl: seconds that remain, 0 for ever. created: the version with which the file\n"
     "came to be. xxh3: the 64-bit XXH3 of the contents, as `xxhsum -H3` shows it.\n",
     TAKES_STALE, 1, -1, stat_run},
    {"touch", "NAME SECONDS", "gives a file a lifetime from now on",
     "Contents and version stay. SECONDS 0 is for ever. To keep a lock, give the version\n"
     "that it was taken with as --if-version: if it has gone to somebody else, it is left\n"
     "alone (exit status 4).\n",
     TAKES_VERSION, 2, 2, touch_run},
    {"incr", "NAME [DELTA]", "adds to the number in a file",
     "Adds DELTA (by default 1; it may be negative) to the decimal number that the\n"
     "file holds, and prints the sum. A file that does not exist counts as 0. One that\n"
     "is there keeps its remaining life; --ttl is for one that is created.\n",
     TAKES_TTL, 1, 2, incr_run},
    {"txn", "[PATH]", "does several changes as one, or none",
     "Reads lines from PATH, or else stdin, and does all of them as one change, if all\n"
     "conditions hold; prints the version that it made. Empty lines, and lines that\n"
     "begin with '#', count for nothing.\n"
     "\n"
     "  if NAME VERSION|absent|present     a condition\n"
     "  write NAME TEXT                    TEXT: the rest of the line, or \"...\" with \\n \\t \\\\ \\\" \\xHH\n"
     "  write NAME \"TEXT\" ttl=SECONDS\n"
     "  put NAME PATH [ttl=SECONDS]        the contents of a local file; PATH may be in quotes too\n"
     "  cas NAME VERSION TEXT              as write; the file must have VERSION\n"
     "  append NAME TEXT                   as write; ttl= is for a file that it creates\n"
     "  delete NAME [VERSION]\n"
     "  touch NAME SECONDS [VERSION]\n"
     "  incr NAME DELTA [ttl=SECONDS]      ttl= is for a file that it creates\n"
     "  copy SOURCE DEST [VERSION]         VERSION: DEST's, 0 for none\n"
     "  move SOURCE DEST [VERSION]\n"
     "  swap A B [AV BV]                   AV, BV: the versions of A and B\n"
     "\n"
     "At most " TRANSACTION_PARTS_MAX_TEXT " lines, and each name is changed by one line only; conditions and\n"
     "changes see the files as they were before. Where a condition fails, nothing is\n"
     "done: exit status 4 (a version) or 3 (no such file).\n",
     0, 0, 1, txn_run},
    {"status", "", "shows the state of a node, or of all",
     "Without --all, the node that is connected to. With it, a line that says how the\n"
     "cluster is, and a table with a line for each endpoint. Those that do not answer\n"
     "are told below it, and it is a failure (exit status 5) only if none does.\n"
     "\n"
     "The line begins with ok, degraded (writes are taken, but a node is down, cut off,\n"
     "not voting, behind, or out of disk), no quorum, no leader, forming, down, or mixed\n"
     "(the endpoints are of different clusters). 'N may fail' means that writes are still\n"
     "taken when so many more nodes are down.\n",
     TAKES_ALL, 0, 0, status_run},
    {"members", "", "shows the nodes of the cluster",
     "As the leader sees them, which knows more of them (match, state, heard_ms) than\n"
     "the others. Where it is not among the endpoints, or does not answer, as the node\n"
     "that is connected to sees them.\n",
     0, 0, 0, members_run},
    {"level", "[N]", "shows the cluster's level, or raises it",
     "What a newer version of cleatd brings to the log can be used once every node runs\n"
     "it, and the level was raised. A level never falls: from then on no node can run\n"
     "an older version again. Where a node does not know level N, or cannot be reached,\n"
     "nothing is done, and the error says which (exit status 1).\n",
     0, 0, 1, level_run},
    {"ping", "", "measures the round trip to each endpoint",
     "In milliseconds, without connecting. Where one does not answer, the exit status is 5.\n", TAKES_COUNT, 0, 0,
     ping_run},
    {"bench", "", "puts load on a cluster and measures it", "", 0, 0, -1, NULL},
    {"version", "", "shows the version of this program, and of the server",
     "The server is the one that is connected to. If none can be reached, this program's\n"
     "version is shown alone, and the exit status is 5.\n", 0, 0, 0, version_run},
    {"help", "[VERB]", "shows this, or how VERB is used", "", 0, 0, 1, help_run},
};
const size_t verbs_count = sizeof verbs / sizeof verbs[0];

/* `delete NAME VERSION` must not be taken for the deletion of two files. */
const struct cli_alias verbs_aliases[] = {
    {"read", "get", 2, ""},
    {"write", "put", 2, "give contents as --text, a path or stdin, and EXPTIME as --ttl"},
    {"delete", "rm", 1, "give VERSION as --if-version; several files are for rm"},
    {"list", "ls", 1, ""},
    {"copy", "cp", 2, "give VERSION as --if-version"},
    {"move", "mv", 2, "give VERSION as --if-version"},
};
const size_t verbs_alias_count = sizeof verbs_aliases / sizeof verbs_aliases[0];

const struct cli_alias *verbs_find_alias(const char *name)
{
    for (size_t i = 0; i < verbs_alias_count; i++)
        if (strcmp(verbs_aliases[i].name, name) == 0)
            return &verbs_aliases[i];
    return NULL;
}

const struct cli_verb *verbs_find(const char *name)
{
    const struct cli_alias *alias = verbs_find_alias(name);
    for (size_t i = 0; i < verbs_count; i++)
        if (strcmp(verbs[i].name, alias ? alias->verb : name) == 0)
            return &verbs[i];
    return NULL;
}

void verbs_print_all(FILE *file)
{
    fprintf(file, "usage: cleat [options] [VERB [options] [word...]]\n\n%s\nVerbs:\n", about);
    for (size_t i = 0; i < verbs_count; i++) {
        char usage[40];
        snprintf(usage, sizeof usage, "%s %s", verbs[i].name, verbs[i].words);
        fprintf(file, "  %-24s %s\n", usage, verbs[i].summary);
    }
    fputs("\nThe protocol's own verbs work too:\n", file);
    for (size_t i = 0; i < verbs_alias_count; i++)
        fprintf(file, "%s%s (%s)", i > 0 ? ", " : "", verbs_aliases[i].name, verbs_aliases[i].verb);
    fputs(".\n\n`cleat help VERB` tells more.\n\nOptions:\n", file);
    options_print_common(file);
    fprintf(file, "\n%s\n%s", environment, exit_statuses);
}

void verbs_print_one(FILE *file, const struct cli_verb *verb)
{
    fprintf(file, "usage: cleat %s [options]%s%s\n\ncleat %s %s.\n", verb->name, *verb->words ? " " : "", verb->words,
            verb->name, verb->summary);
    fprintf(file, "%s%s\nOptions:\n", *verb->help ? "\n" : "", verb->help);
    options_print_own(file, verb->takes);
    options_print_common(file);
    fprintf(file, "\n%s", exit_statuses);
}
