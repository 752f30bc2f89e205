/* The server's listing of names, page by page. */
#ifndef CLEAT_CLI_LISTING_H
#define CLEAT_CLI_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"
#include "protocol/request.h"

struct entry {
    char *name;          /* of a folder: up to and with its '/' */
    bool folder;
    uint64_t version;    /* these three: of a file */
    uint64_t size;
    uint64_t exptime_s;
};

/* Entries in bytewise order of their names. */
struct listing {
    const char *prefix;  /* borrowed */
    bool fold;           /* what is in folders below the prefix counts as the folder alone */
    bool stale;
    bool ended;
    char after[REQUEST_NAME_MAX + 1];
    struct entry *entries;
    size_t count;
};

void listing_open(struct listing *listing, const char *prefix, bool fold, bool stale);
void listing_close(struct listing *listing);

/* Replaces the entries by those of the next page; `ended` says that it was the last. STATUS_OK, or what was said. */
int listing_next(struct cli *cli, struct listing *listing);

/* All of them. They are not of one moment if they are more than one page. */
int listing_all(struct cli *cli, struct listing *listing);

/* True if there are files in the folder that NAME names. Asks the server, for a second at most; where it does not
 * answer, or other calls are under way, nothing is known and nothing said. */
bool listing_is_folder(struct cli *cli, const char *name);

/* Says that file NAME, which a listing had, is not there any more: no failure. */
void listing_tell_gone(const struct cli *cli, const char *name);

/* Takes the next entry out of a listing's text: false where it is no such line. Its name is owned by the caller. */
bool listing_parse(const char **at, const char *end, struct entry *entry);

#endif
