#include "store/files/changes.h"

#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"
#include "protocol/words.h"
#include "store/files/expiry.h"
#include "store/files/keep.h"
#ifdef CLEAT_TEST_LEVEL
#include "base/bytes.h"
#include "store/marks/marks_part.h"
#endif

static const struct decision may = {OUTCOME_NONE, 0, 0};
static const struct decision not_found = {OUTCOME_NOT_FOUND, 0, 0};

static const struct file *find(struct store *store, const struct command *change, struct found *found)
{
    found->file = expiry_find(store, change->name, change->name_size);
    return found->file;
}

static uint64_t version_of(const struct file *file)
{
    return file ? file_version(file) : 0;
}

static struct decision look_version(const struct file *file, uint64_t version)
{
    return version == version_of(file) ? may : (struct decision){OUTCOME_MISMATCH, version_of(file), 0};
}

/* --- looking ----------------------------------------------------------------------------------------------------- */

static struct decision look_write(struct store *store, const struct command *change, struct found *found)
{
    (void)find(store, change, found);
    return may;
}

/* cas, and the condition on a version. */
static struct decision look_cas(struct store *store, const struct command *change, struct found *found)
{
    return look_version(find(store, change, found), change->version);
}

/* delete, touch, and the condition that a file be present. */
static struct decision look_present(struct store *store, const struct command *change, struct found *found)
{
    const struct file *file = find(store, change, found);
    if (!file)
        return not_found;
    return change->guarded ? look_version(file, change->version) : may;
}

static struct decision look_append(struct store *store, const struct command *change, struct found *found)
{
    const struct file *file = find(store, change, found);
    uint64_t size = file ? command_value_size(file_blob(file)) : 0;
    return size + change->value_size <= store->value_max_bytes ? may : (struct decision){OUTCOME_TOO_BIG, 0, 0};
}

/* The number that FILE holds, 0 where there is no file. A line end behind it does not matter. What is longer than any
 * number that incr makes is none, however many zeros it begins with: it is not worth reading megabytes of them. */
static bool number_of(const struct file *file, int64_t *number)
{
    *number = 0;
    if (!file)
        return true;
    const uint8_t *text = file_blob(file)->bytes + command_value_offset(file_blob(file));
    size_t size = command_value_size(file_blob(file));
    if (size > 0 && text[size - 1] == '\n')
        size--;
    if (size > 0 && text[size - 1] == '\r')
        size--;
    return size <= INTEGER_TEXT_MAX && integer_parse(text, size, number);
}

static bool sum_of(const struct file *file, int64_t delta, int64_t *sum)
{
    int64_t number;
    return number_of(file, &number) && !__builtin_add_overflow(number, delta, sum);
}

static struct decision look_incr(struct store *store, const struct command *change, struct found *found)
{
    int64_t sum;
    const struct file *file = find(store, change, found);
    return sum_of(file, change->delta, &sum) ? may : (struct decision){OUTCOME_NOT_A_NUMBER, 0, 0};
}

static struct decision look_copy(struct store *store, const struct command *change, struct found *found)
{
    ensure(change->source != NULL);
    found->source = expiry_find(store, change->source, change->source_size);
    found->at_source = !found->source;
    if (!found->source)
        return not_found;
    const struct file *target = find(store, change, found);
    ensure(target != found->source); /* names of one change differ */
    return change->guarded ? look_version(target, change->version) : may;
}

/* swap: that both are there comes before their versions, and the file before the source. */
static struct decision look_swap(struct store *store, const struct command *change, struct found *found)
{
    ensure(change->source != NULL);
    const struct file *file = find(store, change, found);
    found->source = expiry_find(store, change->source, change->source_size);
    found->at_source = file != NULL;
    ensure(!file || file != found->source); /* names of one change differ */
    if (!file || !found->source)
        return not_found;
    if (!change->guarded)
        return may;
    found->at_source = file_version(file) == change->version;
    return found->at_source ? look_version(found->source, change->source_version)
                            : look_version(file, change->version);
}

/* What no row knows, or not yet at this level, is refused, as is what it does not take: alike on all nodes, for rows
 * come with levels. */
static struct decision look_set(struct store *store, const struct command *change, struct found *found)
{
    const struct setting *setting = settings_find(store->settings, change->name, change->name_size);
    (void)find(store, change, found);
    ensure(!found->file || file_expires_ms(found->file) == 0);
    if (!setting || setting->level > store->level || !setting->judge(change->value, change->value_size))
        return (struct decision){OUTCOME_REFUSED, 0, 0};
    return may;
}

/* --- making ------------------------------------------------------------------------------------------------------ */

/* Contents that are made here. */
static struct blob *blob_for(struct store *store, const struct command *change, size_t value_size)
{
    store->copied_bytes += value_size;
    struct command write = {
        .kind = COMMAND_WRITE, .name = change->name, .name_size = change->name_size, .value_size = value_size};
    struct blob *blob = command_encode(&write);
    if (!blob)
        memory_out(value_size, __func__);
    ensure(blob->references == 1 && command_name_size(blob) == change->name_size);
    ensure(command_value_size(blob) == value_size); /* which the caller fills in */
    return blob;
}

static uint8_t *blob_value(struct blob *blob)
{
    return blob->bytes + command_value_offset(blob);
}

/* BLOB becomes the contents of FILE, or of a new file where FILE is NULL. */
static struct decision put(struct store *store, struct file *file, struct blob *blob, uint64_t version,
                         uint64_t expires_ms)
{
    struct file_state state = {blob, version, file ? file->created : version, expires_ms};
    ensure(!file || file_version(file) < version);
    ensure(expires_ms == 0 || expires_ms > store->time_ms || store->time_ms == UINT64_MAX);
    keep_put(store, file, &state);
    return (struct decision){OUTCOME_WRITTEN, version, file ? 0 : 1};
}

/* Likewise; the caller's reference goes too. */
static struct decision put_own(struct store *store, struct file *file, struct blob *blob, uint64_t version,
                             uint64_t expires_ms)
{
    struct decision decision = put(store, file, blob, version, expires_ms);
    ensure(blob->references == 2); /* the file's is the other */
    blob_release(blob);
    return decision;
}

/* BLOB, the entry, becomes the file's. */
static struct decision keep_write(struct store *store, const struct command *change, const struct found *found,
                                  struct blob *blob, uint64_t version)
{
    return put(store, found->file, blob, version, expiry_ms(store->time_ms, change->exptime_s));
}

static struct decision make_write(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    ensure(version == store->revision);
    struct blob *contents = blob_for(store, change, change->value_size);
    memcpy(blob_value(contents), change->value, change->value_size);
    return put_own(store, found->file, contents, version, expiry_ms(store->time_ms, change->exptime_s));
}

static struct decision make_delete(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    (void)change;
    ensure(found->file && version == store->revision);
    keep_remove(store, found->file, EVENT_BY_COMMAND);
    return (struct decision){OUTCOME_DELETED, version, 0};
}

static struct decision make_touch(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    (void)version; /* the file keeps its own */
    struct file *file = found->file;
    ensure(file != NULL); /* so it was when it was looked for */
    size_t contents_bytes = store->files.contents_bytes;
    struct file_state state = file_state(file);
    state.expires_ms = expiry_ms(store->time_ms, change->exptime_s);
    files_replace(&store->files, file, &state);
    ensure(store->files.contents_bytes == contents_bytes && file_version(file) == state.version);
    ensure(state.version <= store->revision);
    return (struct decision){OUTCOME_WRITTEN, state.version, 0};
}

/* append, incr: EXPTIME is for what they create; FILE, if there is one, keeps its own. */
static uint64_t expiry_of(const struct store *store, const struct command *change, const struct file *file)
{
    return file ? file_expires_ms(file) : expiry_ms(store->time_ms, change->exptime_s);
}

static struct decision make_append(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    struct file *file = found->file;
    size_t old_size = file ? command_value_size(file_blob(file)) : 0;
    ensure(old_size + change->value_size <= store->value_max_bytes);
    struct blob *contents = blob_for(store, change, old_size + change->value_size);
    if (file)
        memcpy(blob_value(contents), blob_value(file_blob(file)), old_size);
    memcpy(blob_value(contents) + old_size, change->value, change->value_size);
    return put_own(store, file, contents, version, expiry_of(store, change, file));
}

static struct decision make_incr(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    struct file *file = found->file;
    int64_t sum = 0;
    ensure(sum_of(file, change->delta, &sum));
    uint8_t text[INTEGER_TEXT_MAX];
    ensure(version == store->revision);
    size_t size = integer_format(sum, text);
    ensure(size > 0 && size <= sizeof text);
    struct blob *contents = blob_for(store, change, size);
    memcpy(blob_value(contents), text, size);
    put_own(store, file, contents, version, expiry_of(store, change, file));
    return (struct decision){OUTCOME_COUNTED, version, sum};
}

static struct decision make_copy(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    const struct file *source = found->source;
    ensure(source && source != found->file);
    ensure(file_version(source) < version);
    size_t size = command_value_size(file_blob(source));
    struct blob *contents = blob_for(store, change, size);
    memcpy(blob_value(contents), blob_value(file_blob(source)), size);
    return put_own(store, found->file, contents, version, file_expires_ms(source));
}

static struct decision make_move(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    struct decision decision = make_copy(store, change, found, version);
    ensure(file_version(found->source) < version); /* it is still what it was: the target is another file */
    keep_remove(store, found->source, EVENT_BY_COMMAND);
    return decision;
}

static struct decision make_swap(struct store *store, const struct command *change, const struct found *found,
                                  uint64_t version)
{
    struct file *file = found->file, *source = found->source;
    ensure(file && source && file != source);
    ensure(file_version(file) < version && file_version(source) < version);
    size_t contents_bytes = store->files.contents_bytes;
    const struct command other = {.name = change->source, .name_size = change->source_size};
    size_t size = command_value_size(file_blob(file)), source_size = command_value_size(file_blob(source));
    uint64_t expires_ms = file_expires_ms(file), source_expires_ms = file_expires_ms(source);
    struct blob *contents = blob_for(store, change, source_size), *source_contents = blob_for(store, &other, size);
    memcpy(blob_value(contents), blob_value(file_blob(source)), source_size);
    memcpy(blob_value(source_contents), blob_value(file_blob(file)), size);
    put_own(store, file, contents, version, source_expires_ms);
    struct decision decision = put_own(store, source, source_contents, version, expires_ms);
    ensure(store->files.contents_bytes == contents_bytes); /* they have changed places */
    return decision;
}

#ifdef CLEAT_TEST_LEVEL
/* The file holds the note. */
static struct decision make_mark(struct store *store, const struct command *change, const struct found *found,
                                 uint64_t version)
{
    uint8_t text[INTEGER_TEXT_MAX];
    uint64_t note = bytes_u64(change->note);
    size_t size = integer_format((int64_t)note, text);
    struct blob *contents = blob_for(store, change, size);
    memcpy(blob_value(contents), text, size);
    marks_add(store, note);
    return put_own(store, found->file, contents, version, expiry_ms(store->time_ms, change->exptime_s));
}
#endif

/* --- by kind ----------------------------------------------------------------------------------------------------- */

/* What a change adds to the files at most, in bytes. */
enum growth {
    GROWTH_NONE,     /* it makes none larger */
    GROWTH_CONTENTS, /* its name and its contents */
    GROWTH_NUMBER,   /* its name and a number */
    GROWTH_SOURCE,   /* its name and the source's contents: more than comes with it */
};

struct change {
    struct decision (*look)(struct store *store, const struct command *change, struct found *found);
    struct decision (*make)(struct store *store, const struct command *change, const struct found *found,
                            uint64_t version);
    enum growth growth;
    bool becomes;  /* its entry becomes the file's blob, where it has one of its own */
    bool versions; /* it takes a revision, and gives it as version to what it changes */
};

#define ROW(look, make, growth, becomes, versions) {look, make, growth, becomes, versions}
#define CHANGE_WRITE ROW(look_write, make_write, GROWTH_CONTENTS, true, true)
#define CHANGE_CAS ROW(look_cas, make_write, GROWTH_CONTENTS, true, true)
#define CHANGE_DELETE ROW(look_present, make_delete, GROWTH_NONE, false, true)
#define CHANGE_TOUCH ROW(look_present, make_touch, GROWTH_NONE, false, false)
#define CHANGE_APPEND ROW(look_append, make_append, GROWTH_CONTENTS, false, true)
#define CHANGE_INCR ROW(look_incr, make_incr, GROWTH_NUMBER, false, true)
#define CHANGE_COPY ROW(look_copy, make_copy, GROWTH_SOURCE, false, true)
#define CHANGE_MOVE ROW(look_copy, make_move, GROWTH_NONE, false, true)
#define CHANGE_SWAP ROW(look_swap, make_swap, GROWTH_NONE, false, true)
#ifdef CLEAT_TEST_LEVEL
#define CHANGE_MARK ROW(look_write, make_mark, GROWTH_NUMBER, false, true)
#endif
#define CHANGE_IF_VERSION ROW(look_cas, NULL, GROWTH_NONE, false, false)
#define CHANGE_IF_PRESENT ROW(look_present, NULL, GROWTH_NONE, false, false)
#define CHANGE_SET ROW(look_set, make_write, GROWTH_CONTENTS, true, true)
#define CHANGE_UNSET ROW(look_present, make_delete, GROWTH_NONE, false, true)

/* A row for each kind whose class says that it looks at files. One that has none above does not compile. */
#define OF_CHANGE(name) [COMMAND_##name] = CHANGE_##name,
#define OF_CONDITION(name) OF_CHANGE(name)
#define OF_SETTING(name) OF_CHANGE(name)
#define OF_INTERNAL(name)
#define OF_TRANSACTION(name)
#define OF_CLUSTER(name)
#define OF_KIND(name, number, text, level, class, ...) OF_##class(name)
static const struct change changes[COMMAND_NUMBERS] = {COMMAND_KINDS(OF_KIND)};

static const struct change *change_of(enum command_kind kind)
{
    ensure(command_known(kind) && changes[kind].look);
    return &changes[kind];
}

bool change_becomes(enum command_kind kind)
{
    return command_known(kind) && changes[kind].becomes;
}

bool change_versions(enum command_kind kind)
{
    return change_of(kind)->versions;
}

static size_t copied_growth(const struct command *change, const struct file *source)
{
    ensure(change->name_size > 0 && change->source_size > 0);
    return change->name_size + command_value_size(file_blob(source));
}

size_t change_growth(struct store *store, const struct command *change)
{
    switch (change_of(change->kind)->growth) {
    case GROWTH_NONE:
        return 0;
    case GROWTH_CONTENTS:
        return change->name_size + change->value_size;
    case GROWTH_NUMBER:
        return change->name_size + INTEGER_TEXT_MAX;
    case GROWTH_SOURCE:
        ensure(change->source != NULL);
        const struct file *source = files_find(&store->files, change->source, change->source_size);
        return source ? copied_growth(change, source) : 0;
    }
    return 0;
}

struct decision change_look(struct store *store, const struct command *change, struct found *found)
{
    const struct change *row = change_of(change->kind);
    *found = (struct found){0};
    struct decision decision = row->look(store, change, found);
    if (decision.code == OUTCOME_NONE && row->growth == GROWTH_SOURCE)
        found->growth = copied_growth(change, found->source);
    return decision;
}

struct decision change_make(struct store *store, const struct command *change, const struct found *found,
                            struct blob *blob, uint64_t version)
{
    const struct change *row = change_of(change->kind);
    ensure(row->make != NULL);
    ensure(!row->versions || version == store->revision);
    if (blob && row->becomes)
        return keep_write(store, change, found, blob, version);
    return row->make(store, change, found, version);
}
