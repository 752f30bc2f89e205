/* What a command tells on stdout: rows of named values, as text, as a table, or as JSON objects, one a line. */
#ifndef CLEAT_CLI_OUTPUT_H
#define CLEAT_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum output_form { OUTPUT_TEXT, OUTPUT_TABLE, OUTPUT_JSON };

enum value_kind {
    VALUE_NONE,    /* text: "-"; JSON: left out */
    VALUE_TEXT,    /* bytes of any kind */
    VALUE_NUMBER,
    VALUE_SIGNED,
    VALUE_LIFE,    /* seconds; 0 is for ever: text "-" */
    VALUE_FLAG,
    VALUE_MS,      /* milliseconds, from microseconds in `number` */
};

struct value {
    enum value_kind kind;
    const char *text;  /* borrowed */
    size_t size;
    uint64_t number;   /* a VALUE_SIGNED too, as two's complement; a VALUE_FLAG: 0 or 1 */
};

struct column {
    const char *name;
    int width;         /* at least, as text; the values are then on the right of it */
    bool detail;       /* as text, only in long form */
};

struct output {
    enum output_form form;
    bool long_form;
    bool terminal;               /* stdout is one: nothing unprintable goes there */
    const struct column *columns;
    size_t count;
    char **cells;                /* a table's, row by row; owned */
    size_t cell_count;
};

enum { OUTPUT_WIDTH = 80 }; /* of a terminal that does not tell it */

/* Columns of the terminal that FILE, a descriptor, is, as it is now; OUTPUT_WIDTH where that is not known. */
int output_width(int file);

void output_open(struct output *output, enum output_form form, bool long_form);
/* Rows of COLUMNS follow, until output_end. */
void output_begin(struct output *output, const struct column *columns, size_t count);
/* One value for each column. False: stdout takes no more. */
bool output_row(struct output *output, const struct value *values);
void output_end(struct output *output);

struct value value_text(const char *text);
struct value value_bytes(const void *bytes, size_t size);
struct value value_number(uint64_t number);
struct value value_life(uint64_t seconds);

/* TEXT with what a terminal could not show, or would obey, as '?': to be given back with free(). */
char *output_printable(const void *bytes, size_t size);

#endif
