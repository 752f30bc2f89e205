#include "protocol/help.h"

#include <stddef.h>

#include "base/ensure.h"
#include "protocol/transaction.h"

#define END "\r\n"

static const char overview[] =
    "Files with versions and an optional expiry, the same on every node." END
    "" END
    "  read NAME [stale]                    a file's contents and version" END
    "  write NAME NUMBYTES [EXPTIME]        create or replace; contents follow" END
    "  set NAME TEXT...                     likewise: TEXT is the rest of the line" END
    "  cas NAME VERSION NUMBYTES [EXPTIME]  as write, if its version is VERSION" END
    "  append NAME NUMBYTES [EXPTIME]       add contents at the end" END
    "  incr NAME DELTA [EXPTIME]            add to the number in a file" END
    "  delete NAME [VERSION]                remove a file" END
    "  touch NAME EXPTIME [VERSION]         a new life, the same contents" END
    "  copy SRC DST [VERSION]               DST gets SRC's contents" END
    "  move SRC DST [VERSION]               likewise, and SRC is gone" END
    "  stat NAME [stale]                    a file's version, size, life and hash" END
    "  list [PREFIX] [after=NAME] [limit=N] [delim=C] [stale]" END
    "                                       names in order, with version and size" END
    "  txn, if ..., commit or cancel        several changes, all or none; 'help txn'" END
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
    "stale     at once from this node's own copy, which may lag behind" END
    "" END
    "once=TOKEN as the last word of what changes something: however often it is" END
    "sent, to whichever node, it is done once, and answered as the first time." END
    "" END
    "Try:  set greeting hello" END
    "      read greeting";

static const char read_text[] =
    "read NAME [stale]" END
    "" END
    "  CONTENTS VERSION NUMBYTES EXPTIME   NUMBYTES bytes and a line end follow" END
    "  ERR_FILE_NOT_FOUND                  there is no such file" END
    "" END
    "EXPTIME is the seconds that remain, rounded up; 0 means for ever. The answer" END
    "shows every write that was acknowledged before, on whichever node; with" END
    "'stale' it comes at once from this node's own copy, even if no other node can" END
    "be reached, may be old, and ends in the word stale." END
    "" END
    "Example:  read greeting" END
    "          CONTENTS 1 5 0" END
    "          hello";

static const char write_text[] =
    "write NAME NUMBYTES [EXPTIME] [once=TOKEN]" END
    "<contents>" END
    "" END
    "  OK VERSION   done: on disk on a majority of the nodes" END
    "" END
    "Creates the file, or replaces its contents and its expiry. The contents are" END
    "exactly NUMBYTES bytes, then a line end that does not count. With EXPTIME the" END
    "file is removed after that many seconds; without, or with 0, it stays." END
    "" END
    "once=TOKEN, on this and all that changes something: a change with a token that" END
    "was decided before is not done again, and answered as it was then. So it can be" END
    "sent again after ERR_TIMEOUT or a lost connection. Choose tokens at random." END
    "" END
    "Example:  write greeting 5" END
    "          hello" END
    "          OK 1";

static const char set_text[] =
    "set NAME TEXT..." END
    "" END
    "  OK VERSION   done: on disk on a majority of the nodes" END
    "" END
    "As write, for people and short texts: there are no bytes to count. TEXT is all" END
    "that follows the one space behind NAME, to the end of the line: further spaces" END
    "too, and whatever looks like an option. The file does not expire. The whole" END
    "line has at most 499 bytes." END
    "" END
    "Example:  set greeting hello, world" END
    "          OK 2";

static const char cas_text[] =
    "cas NAME VERSION NUMBYTES [EXPTIME] [once=TOKEN]" END
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

static const char append_text[] =
    "append NAME NUMBYTES [EXPTIME] [once=TOKEN]" END
    "<contents>" END
    "" END
    "  OK VERSION           done; VERSION is the file's new one" END
    "  ERR_TOO_BIG REASON   nothing was done: it would be above the limit for a file" END
    "" END
    "Adds the contents at the end of the file, and creates it if there is none. A" END
    "file that is there keeps its expiry; one that is created lives EXPTIME seconds," END
    "or for ever if none are given." END
    "" END
    "Example:  append log 6" END
    "          hello " END
    "          OK 8";

static const char incr_text[] =
    "incr NAME DELTA [EXPTIME] [once=TOKEN]" END
    "" END
    "  OK VERSION VALUE          done: the file now holds the number VALUE" END
    "  ERR_NOT_A_NUMBER REASON   nothing was done" END
    "" END
    "Adds DELTA, which may have a minus sign, to the whole number that the file" END
    "holds; a file that is not there counts as 0 and is created. A file that is" END
    "there keeps its expiry; one that is created lives EXPTIME seconds, or for ever" END
    "if none are given. So of many clients that count in one file, the first decides" END
    "when the count starts over." END
    "" END
    "Example:  incr visitors 1 3600" END
    "          OK 9 1";

static const char delete_text[] =
    "delete NAME [VERSION] [once=TOKEN]" END
    "" END
    "  OK                    it is gone" END
    "  ERR_FILE_NOT_FOUND    there was no such file" END
    "  ERR_VERSION VERSION   nothing was done: the file has this version" END
    "" END
    "With VERSION, only if that is the file's version: to give back a lock that may" END
    "have gone to somebody else." END
    "" END
    "Example:  delete greeting" END
    "          OK";

static const char touch_text[] =
    "touch NAME EXPTIME [VERSION] [once=TOKEN]" END
    "" END
    "  OK VERSION            done; VERSION is the file's, which stays the same" END
    "  ERR_FILE_NOT_FOUND    there is no such file" END
    "  ERR_VERSION VERSION   nothing was done: the file has this version" END
    "" END
    "Gives the file EXPTIME seconds from now, or with 0 an endless life. With" END
    "VERSION, only if that is the file's version: to keep a lock that may have gone" END
    "to somebody else." END
    "" END
    "Example:  touch lock 30 7" END
    "          OK 7";

static const char copy_text[] =
    "copy SRC DST [VERSION] [once=TOKEN]" END
    "" END
    "  OK VERSION            done; VERSION is DST's new one" END
    "  ERR_FILE_NOT_FOUND    there is no SRC" END
    "  ERR_VERSION VERSION   nothing was done: DST has this version, 0: absent" END
    "" END
    "DST gets the contents and the expiry of SRC. With VERSION, only if that is" END
    "DST's version; with 0, only if there is no DST." END
    "" END
    "Example:  copy config config.old" END
    "          OK 10";

static const char move_text[] =
    "move SRC DST [VERSION] [once=TOKEN]" END
    "" END
    "  OK VERSION            done; VERSION is DST's new one" END
    "  ERR_FILE_NOT_FOUND    there is no SRC" END
    "  ERR_VERSION VERSION   nothing was done: DST has this version, 0: absent" END
    "" END
    "DST gets the contents and the expiry of SRC, and SRC is gone, in one step: no" END
    "one sees both, or none. VERSION is as for copy." END
    "" END
    "Example:  move config.new config" END
    "          OK 11";

static const char stat_text[] =
    "stat NAME [stale]" END
    "" END
    "  STAT version=V size=N exptime=S created=V xxh3=HASH" END
    "  ERR_FILE_NOT_FOUND   there is no such file" END
    "" END
    "size in bytes; exptime is the seconds that remain, 0: for ever; created is the" END
    "version at which the file came to be; xxh3 is the XXH3-64 of its contents, as" END
    "xxhsum -H3 prints it." END
    "" END
    "Example:  stat greeting" END
    "          STAT version=1 size=5 exptime=0 created=1 xxh3=9555e8555c62dcfd";

static const char list_text[] =
    "list [PREFIX] [after=NAME] [limit=N] [delim=C] [stale]" END
    "" END
    "  LIST REVISION NUMBYTES more|end   NUMBYTES bytes and a line end follow" END
    "" END
    "The files whose names begin with PREFIX, in bytewise order, as they were at" END
    "REVISION, a line each: NAME VERSION NUMBYTES EXPTIME. With delim=/ all names" END
    "that have a / behind PREFIX are one line for each folder: the name up to that." END
    "At most N lines, 1000 if nothing is said, 10000 at most. 'more': there are" END
    "others; ask for them with after= and the first word of the last line. A PREFIX" END
    "with a = in it, or that is 'stale', is written prefix=PREFIX." END
    "" END
    "Example:  list conf/ delim=/" END
    "          LIST 12 33 end" END
    "          conf/db/" END
    "          conf/name 4 11 0";

static const char txn_text[] =
    "txn [once=TOKEN]" END
    "  if NAME VERSION|absent|present" END
    "  write, set, cas, delete, touch, append, incr, copy, move as usual" END
    "commit, or cancel" END
    "" END
    "  OK VERSION                   all is done, as one change" END
    "  ERR_VERSION VERSION NAME     nothing was done: NAME has it; 0: absent" END
    "  ERR_FILE_NOT_FOUND NAME      nothing was done: there is no NAME" END
    "  ERR_... REASON               nothing was done" END
    "" END
    "Conditions and changes, " TRANSACTION_PARTS_MAX_TEXT " lines at most, all of which look at the files as" END
    "they are before it; no file may be changed by two lines. There is one answer," END
    "to commit. Without commit nothing happens; cancel forgets it all: OK." END
    "" END
    "Example:  txn" END
    "          if lock 7" END
    "          write config 4" END
    "          blue" END
    "          delete lock" END
    "          commit" END
    "          OK 13";

static const char if_text[] =
    "if NAME VERSION|absent|present" END
    "" END
    "Inside a transaction: it is done only if NAME has this version, is not there," END
    "or is there. See 'help txn'." END
    "" END
    "Example:  if lock absent";

static const char commit_text[] =
    "commit" END
    "" END
    "Ends a transaction and does it. See 'help txn'." END
    "" END
    "Example:  commit" END
    "          OK 13";

static const char cancel_text[] =
    "cancel" END
    "" END
    "  OK   the transaction is forgotten" END
    "" END
    "Ends a transaction without doing anything. See 'help txn'." END
    "" END
    "Example:  cancel" END
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
    "This node's role, the term and the leader that it knows, how many voters are" END
    "here and how many are needed (quorum=2/3), the commit and applied index, every" END
    "node's state as this node sees it, sizes, and uptime. The node answers by" END
    "itself, also when there is no leader." END
    "" END
    "Example:  status";

const char *help_text(enum verb verb)
{
    static const char *const texts[VERB_COUNT] = {
        [VERB_NONE] = overview,
        [VERB_READ] = read_text,
        [VERB_WRITE] = write_text,
        [VERB_SET] = set_text,
        [VERB_CAS] = cas_text,
        [VERB_DELETE] = delete_text,
        [VERB_HELP] = help_verb_text,
        [VERB_PING] = ping_text,
        [VERB_VERSION] = version_text,
        [VERB_QUIT] = quit_text,
        [VERB_STATUS] = status_text,
        [VERB_LIST] = list_text,
        [VERB_STAT] = stat_text,
        [VERB_TOUCH] = touch_text,
        [VERB_COPY] = copy_text,
        [VERB_MOVE] = move_text,
        [VERB_APPEND] = append_text,
        [VERB_INCR] = incr_text,
        [VERB_TXN] = txn_text,
        [VERB_IF] = if_text,
        [VERB_COMMIT] = commit_text,
        [VERB_CANCEL] = cancel_text,
    };
    ensure(verb < VERB_COUNT);
    ensure(texts[verb] != NULL);
    return texts[verb];
}
