#include "cli/prompt.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "base/memory.h"
#include "cli/complete.h"
#include "cli/folder.h"
#include "cli/quote.h"
#include "cli/run.h"
#include "protocol/request.h"

enum { HISTORY_MAX = 1000, EXIT_MAX = 255 };

struct prompt {
    struct cli *base;
    EditLine *editor;
    History *history;
    char *history_path;   /* NULL: nowhere */
    bool makes_folder;    /* that it is in */
    bool cancelled;       /* the line, by Ctrl-C */
};

/* exit [STATUS], as shells have it; without a word, that of the command before. */
static int run_exit(const struct cli *base, const struct quote_words *words, int before, bool *ended)
{
    uint64_t status = (uint64_t)before;
    bool good = words->count == 1 ||
                (words->count == 2 && request_number(words->list[1], strlen(words->list[1]), &status) &&
                 status <= EXIT_MAX);
    if (!good)
        cli_say(base, "%s: it takes a status from 0 to %d, or nothing", words->list[0], EXIT_MAX);
    *ended = good;
    return good ? (int)status : STATUS_USAGE;
}

/* Runs LINE, behind a command that ended with BEFORE. *ENDED: it was exit. */
static int run_line(const struct cli *base, const char *line, int before, bool *ended)
{
    struct quote_words words;
    int status = STATUS_OK;
    const char *problem = quote_split(&words, line);
    *ended = false;
    if (problem) {
        cli_say(base, "%s", problem);
        status = STATUS_USAGE;
    } else if (words.count > 0 && (strcmp(words.list[0], "exit") == 0 || strcmp(words.list[0], "quit") == 0)) {
        status = run_exit(base, &words, before, ended);
    } else if (words.count > 0) {
        status = run_command(base, (int)words.count, words.list);
    }
    quote_close(&words);
    return status;
}

/* --- commands from a file or a pipe ------------------------------------------------------------------------------- */

static int run_script(struct cli *base)
{
    char *line = NULL;
    size_t room = 0;
    int status = STATUS_OK;
    bool ended = false;
    ssize_t size;
    base->commands_on_stdin = true;
    while (status == STATUS_OK && !ended && (size = getline(&line, &room, stdin)) >= 0) {
        base->line++;
        if (memchr(line, '\0', (size_t)size)) {
            cli_say(base, "there is a zero byte in it");
            status = STATUS_USAGE;
        } else {
            status = run_line(base, line, status, &ended);
        }
    }
    if (status == STATUS_OK && ferror(stdin))
        status = cli_failed(base, "stdin", "LOCAL", strerror(errno), STATUS_FAILED);
    free(line);
    return session_interrupted() ? STATUS_INTERRUPTED : status;
}

/* --- a terminal --------------------------------------------------------------------------------------------------- */

static struct prompt *prompt_of(EditLine *editor)
{
    void *data = NULL;
    el_get(editor, EL_CLIENTDATA, &data);
    return data;
}

static char *prompt_text(EditLine *editor)
{
    static char text[] = "cleat> ";
    (void)editor;
    return text;
}

static unsigned char on_interrupt(EditLine *editor, int key)
{
    (void)key;
    prompt_of(editor)->cancelled = true;
    fputs("^C\n", stdout);
    return CC_NEWLINE;
}

/* The next byte that is typed: 1, 0 at the end, or -1 on an error or a signal that ends us. BEFORE is the mask to wait
 * with: a signal that comes between the look at it and the waiting is not slept through. */
static int read_byte(const sigset_t *before, char *byte)
{
    while (!session_interrupted()) {
        struct pollfd waited = {.fd = STDIN_FILENO, .events = POLLIN};
        ssize_t size = ppoll(&waited, 1, NULL, before) < 0 ? -1 : read(STDIN_FILENO, byte, 1);
        if (size >= 0 || errno != EINTR)
            return (int)size;
    }
    return -1;
}

/* Takes one more BYTE of a character. True: *KEY is whole. Bytes that belong to none are passed over; but one that only
 * breaks off the character before it begins its own. */
static bool take_byte(mbstate_t *state, char byte, wchar_t *key)
{
    bool within = mbsinit(state) == 0;
    size_t used = mbrtowc(key, &byte, 1, state);
    if (used == (size_t)-1 && within) {
        *state = (mbstate_t){0};
        used = mbrtowc(key, &byte, 1, state);
    }
    if (used == (size_t)-1)
        *state = (mbstate_t){0};
    return used != (size_t)-1 && used != (size_t)-2;
}

/* As the library's own, which waits on when a signal comes just before it waits. */
static int read_key(EditLine *editor, wchar_t *key)
{
    sigset_t blocked, before;
    mbstate_t state = {0};
    char byte;
    int got;
    (void)editor;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGHUP);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    do
        got = read_byte(&before, &byte);
    while (got == 1 && !take_byte(&state, byte, key));
    sigprocmask(SIG_SETMASK, &before, NULL);
    return got;
}

/* In columns as wide as the longest of them. */
static void show_choices(const struct choices *choices)
{
    int width = 0, line = output_width(STDOUT_FILENO);
    for (size_t i = 0; i < choices->count; i++) {
        int size = (int)strlen(choices->list[i]);
        width = size > width ? size : width;
    }
    size_t columns = width + 2 < line ? (size_t)(line / (width + 2)) : 1;
    for (size_t i = 0; i < choices->count; i++) {
        char *shown = output_printable(choices->list[i], strlen(choices->list[i]));
        bool last = (i + 1) % columns == 0 || i + 1 == choices->count;
        printf("%s%-*s%s", i == 0 ? "\n" : "", last ? 0 : width + 2, shown, last ? "\n" : "");
        free(shown);
    }
    fflush(stdout);
}

static unsigned char on_tab(EditLine *editor, int key)
{
    (void)key;
    struct choices choices;
    const LineInfo *info = el_line(editor);
    size_t size = (size_t)(info->cursor - info->buffer);
    char *line = memory_get(size + 1);
    memcpy(line, info->buffer, size);
    complete_find(prompt_of(editor)->base, line, &choices);
    size_t common = complete_common(&choices);
    bool whole = choices.count == 1 && common > 0 && choices.list[0][common - 1] != '/';
    unsigned char result = CC_ERROR;
    if (whole || common > choices.typed) {
        char *rest = memory_get(common - choices.typed + 1);
        memcpy(rest, choices.list[0] + choices.typed, common - choices.typed);
        char *typed = quote_typed(rest, choices.state, choices.typed == 0, whole);
        result = el_insertstr(editor, typed) == 0 ? CC_REFRESH : CC_ERROR;
        free(typed);
        free(rest);
    }
    if (whole) {
        el_insertstr(editor, " ");
        result = CC_REFRESH;
    } else if (choices.count > 1 && result == CC_ERROR) {
        show_choices(&choices);
        result = CC_REDISPLAY;
    }
    complete_close(&choices);
    free(line);
    return result;
}

/* $XDG_STATE_HOME/cleat_history, whose folder is made if need be, or else ~/.cleat_history. */
static void find_history(struct prompt *prompt)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    prompt->makes_folder = state && *state == '/'; /* another path is to be ignored, says the specification */
    if (prompt->makes_folder)
        prompt->history_path = folder_join(state, "/cleat_history");
    else if (home && *home)
        prompt->history_path = folder_join(home, "/.cleat_history");
}

/* Makes the folder that PATH's file is to be in, as the XDG Base Directory specification wants it. */
static void make_parents(const char *path)
{
    char *part = folder_join(path, "");
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(part, 0700);
        *slash = '/';
    }
    free(part);
}

static bool open_editor(struct prompt *prompt)
{
    HistEvent event;
    prompt->editor = el_init("cleat", stdin, stdout, stderr);
    prompt->history = history_init();
    if (!prompt->editor || !prompt->history)
        return false;
    history(prompt->history, &event, H_SETSIZE, HISTORY_MAX);
    history(prompt->history, &event, H_SETUNIQUE, 1);
    find_history(prompt);
    if (prompt->history_path)
        history(prompt->history, &event, H_LOAD, prompt->history_path);
    el_set(prompt->editor, EL_CLIENTDATA, prompt);
    el_set(prompt->editor, EL_PROMPT, prompt_text);
    el_set(prompt->editor, EL_GETCFN, read_key);
    el_set(prompt->editor, EL_EDITOR, "emacs");
    el_set(prompt->editor, EL_HIST, history, prompt->history);
    el_set(prompt->editor, EL_ADDFN, "cleat-complete", "completes a word", on_tab);
    el_set(prompt->editor, EL_ADDFN, "cleat-interrupt", "drops the line", on_interrupt);
    el_set(prompt->editor, EL_BIND, "^I", "cleat-complete", NULL);
    el_set(prompt->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(prompt->editor, NULL);
    el_set(prompt->editor, EL_SETTY, "-d", "-isig", NULL); /* Ctrl-C is a key, while a line is edited */
    el_set(prompt->editor, EL_BIND, "^C", "cleat-interrupt", NULL);
    return true;
}

/* A line that begins with a blank is not kept. */
static void remember(struct prompt *prompt, const char *line)
{
    HistEvent event;
    if (line[0] == ' ' || line[strspn(line, " \t\r\n")] == '\0')
        return;
    history(prompt->history, &event, H_ENTER, line);
    if (!prompt->history_path)
        return;
    if (prompt->makes_folder)
        make_parents(prompt->history_path);
    errno = 0;
    if (history(prompt->history, &event, H_SAVE, prompt->history_path) >= 0)
        return;
    if (!prompt->base->options.quiet)
        cli_say(prompt->base, "no history is kept: %s: %s", prompt->history_path, strerror(errno));
    free(prompt->history_path); /* said once */
    prompt->history_path = NULL;
}

static int run_terminal(struct prompt *prompt)
{
    int status = STATUS_OK;
    bool ended = false;
    while (!ended) {
        int size = 0;
        prompt->cancelled = false;
        fflush(stdout);
        el_set(prompt->editor, EL_PREP_TERM, 1); /* before the prompt: what is typed from then on is a key */
        const char *line = el_gets(prompt->editor, &size);
        if (run_ending())
            break;
        if (prompt->cancelled) {
            status = STATUS_INTERRUPTED;
            continue;
        }
        if (!line || size <= 0) {
            putchar('\n');
            break;
        }
        remember(prompt, line);
        char *copy = folder_join(line, "");
        status = run_line(prompt->base, copy, status, &ended);
        free(copy);
        if (run_ending())
            break;
        session_interrupt(false);
    }
    return status;
}

int prompt_run(struct cli *base)
{
    struct prompt prompt = {.base = base};
    if (isatty(STDIN_FILENO) != 1)
        return run_script(base);
    int status = STATUS_FAILED;
    base->at_prompt = true;
    if (open_editor(&prompt))
        status = run_terminal(&prompt);
    else
        cli_say(base, "no line editor on this terminal");
    if (prompt.history)
        history_end(prompt.history);
    if (prompt.editor)
        el_end(prompt.editor);
    free(prompt.history_path);
    return status;
}
