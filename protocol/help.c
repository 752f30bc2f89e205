#include "protocol/help.h"

#include <stddef.h>

#include "base/ensure.h"

#define END "\r\n"

static const char overview[] =
    "Files with versions and an optional expiry, the same on every node." END
    "" END
    "  read NAME                            a file's contents and version" END
    "  write NAME NUMBYTES [EXPTIME]        create or replace; contents follow" END
    "  cas NAME VERSION NUMBYTES [EXPTIME]  likewise, if its version is VERSION" END
    "  delete NAME                          remove a file" END
    "  help [VERB]                          this text, or more about one verb" END
    "  ping                                 answers PONG" END
    "  version                              the version of this server" END
    "  status                               this node and how it sees the cluster" END
    "  quit                                 answers BYE and closes" END
    "" END
    "NAME      1 to 250 bytes without space or control character" END
    "NUMBYTES  bytes in the contents, which are on the next line" END
    "EXPTIME   seconds until the file is removed; 0 or none: never" END
    "VERSION   every change takes the next number; OK tells a file's new version" END
    "" END
    "Try:  write greeting 5" END
    "      hello" END
    "      read greeting";

static const char read_text[] =
    "read NAME" END
    "" END
    "  CONTENTS VERSION NUMBYTES EXPTIME   NUMBYTES bytes and a line end follow" END
    "  ERR_FILE_NOT_FOUND                  there is no such file" END
    "" END
    "EXPTIME is the seconds that remain, rounded up; 0 means for ever. The answer" END
    "shows every write that was acknowledged before, on whichever node." END
    "" END
    "Example:  read greeting" END
    "          CONTENTS 1 5 0" END
    "          hello";

static const char write_text[] =
    "write NAME NUMBYTES [EXPTIME]" END
    "<contents>" END
    "" END
    "  OK VERSION   done: on disk on a majority of the nodes" END
    "" END
    "Creates the file, or replaces its contents and its expiry. The contents are" END
    "exactly NUMBYTES bytes, then a line end that does not count. With EXPTIME the" END
    "file is removed after that many seconds; without, or with 0, it stays." END
    "" END
    "Example:  write greeting 5" END
    "          hello" END
    "          OK 1";

static const char cas_text[] =
    "cas NAME VERSION NUMBYTES [EXPTIME]" END
    "<contents>" END
    "" END
    "  OK VERSION            done; VERSION is the new one" END
    "  ERR_VERSION VERSION   nothing was done: the file has this version, 0: absent" END
    "" END
    "Compare and swap: like write, but only if the file's version is VERSION." END
    "VERSION 0 creates the file only if there is none, which makes a lock; with" END
    "EXPTIME it frees itself if its holder is gone." END
    "" END
    "Example:  cas lock 0 5 30" END
    "          alice" END
    "          OK 7" END
    "          cas lock 0 3 30" END
    "          bob" END
    "          ERR_VERSION 7";

static const char delete_text[] =
    "delete NAME" END
    "" END
    "  OK                   it is gone" END
    "  ERR_FILE_NOT_FOUND   there was no such file" END
    "" END
    "Example:  delete greeting" END
    "          OK";

static const char help_verb_text[] =
    "help [VERB]" END
    "" END
    "  HELP NUMBYTES   the text follows: NUMBYTES bytes and a line end" END
    "" END
    "Example:  help cas";

static const char ping_text[] =
    "ping" END
    "" END
    "  PONG   this node is here and serves you; it asks no other node" END
    "" END
    "Example:  ping" END
    "          PONG";

static const char version_text[] =
    "version" END
    "" END
    "  VERSION TEXT   the version of this node's program" END
    "" END
    "Example:  version" END
    "          VERSION " CLEAT_VERSION;

static const char quit_text[] =
    "quit" END
    "" END
    "  BYE   and the connection is closed, after the replies to all that came before" END
    "" END
    "Example:  quit" END
    "          BYE";

static const char status_text[] =
    "status" END
    "" END
    "  STATUS NUMBYTES   the text follows: NUMBYTES bytes and a line end" END
    "" END
    "This node's role, the term and the leader that it knows, the commit and applied" END
    "index, every node's state as this node sees it, sizes, and uptime. The node" END
    "answers by itself, also when there is no leader." END
    "" END
    "Example:  status";

const char *help_text(enum verb verb)
{
    static const char *const texts[VERB_COUNT] = {
        [VERB_NONE] = overview,
        [VERB_READ] = read_text,
        [VERB_WRITE] = write_text,
        [VERB_CAS] = cas_text,
        [VERB_DELETE] = delete_text,
        [VERB_HELP] = help_verb_text,
        [VERB_PING] = ping_text,
        [VERB_VERSION] = version_text,
        [VERB_QUIT] = quit_text,
        [VERB_STATUS] = status_text,
    };
    ensure(verb < VERB_COUNT);
    ensure(texts[verb] != NULL);
    return texts[verb];
}
