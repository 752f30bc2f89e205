#include "cli/output.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "json/encode.h"

enum { NUMBER_SIZE = 32 };

struct value value_text(const char *text)
{
    return (struct value){.kind = text ? VALUE_TEXT : VALUE_NONE, .text = text, .size = text ? strlen(text) : 0};
}

struct value value_bytes(const void *bytes, size_t size)
{
    return (struct value){.kind = VALUE_TEXT, .text = bytes, .size = size};
}

struct value value_number(uint64_t number)
{
    return (struct value){.kind = VALUE_NUMBER, .number = number};
}

struct value value_life(uint64_t seconds)
{
    return (struct value){.kind = VALUE_LIFE, .number = seconds};
}

void output_open(struct output *output, enum output_form form, bool long_form)
{
    *output = (struct output){.form = form, .long_form = long_form, .terminal = isatty(STDOUT_FILENO) == 1};
}

void output_begin(struct output *output, const struct column *columns, size_t count)
{
    output->columns = columns;
    output->count = count;
}

int output_width(int file)
{
    struct winsize size;
    return ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : OUTPUT_WIDTH;
}

/* --- one value ---------------------------------------------------------------------------------------------------- */

char *output_printable(const void *bytes, size_t size)
{
    char *text = memory_get(size + 1);
    char *to = text;
    const char *at = bytes, *end = at + size;
    mbstate_t state = {0};
    while (at < end) {
        wchar_t wide;
        size_t taken = mbrtowc(&wide, at, (size_t)(end - at), &state);
        if (taken == 0 || taken > (size_t)(end - at) || !iswprint((wint_t)wide)) {
            if (taken == 0 || taken > (size_t)(end - at)) {
                taken = 1;
                state = (mbstate_t){0};
            }
            *to++ = '?';
        } else {
            memcpy(to, at, taken);
            to += taken;
        }
        at += taken;
    }
    return text;
}

/* As text, to be given back with free(). */
static char *show(const struct output *output, const struct value *value)
{
    char number[NUMBER_SIZE] = "-";
    if (value->kind == VALUE_TEXT && output->terminal)
        return output_printable(value->text, value->size);
    if (value->kind == VALUE_TEXT) {
        char *text = memory_get(value->size + 1);
        memcpy(text, value->text, value->size);
        return text;
    }
    if (value->kind == VALUE_NUMBER || (value->kind == VALUE_LIFE && value->number > 0))
        snprintf(number, sizeof number, "%" PRIu64, value->number);
    else if (value->kind == VALUE_SIGNED)
        snprintf(number, sizeof number, "%" PRId64, (int64_t)value->number);
    else if (value->kind == VALUE_FLAG)
        snprintf(number, sizeof number, "%s", value->number ? "yes" : "no");
    else if (value->kind == VALUE_MS)
        snprintf(number, sizeof number, "%.3f", (double)value->number / 1000);
    char *text = memory_get(sizeof number);
    memcpy(text, number, sizeof number);
    return text;
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

/* Bytes that are no UTF-8 are told in Base64, under the column's name with _base64. */
static void set_text(json_t *object, const char *name, const struct value *value)
{
    char key[64];
    snprintf(key, sizeof key, "%s_base64", name);
    json_add_bytes(object, name, key, value->text, value->size);
}

static void print_json(const struct output *output, const struct value *values)
{
    json_t *object = json_object();
    for (size_t i = 0; i < output->count; i++) {
        const char *name = output->columns[i].name;
        if (values[i].kind == VALUE_TEXT)
            set_text(object, name, &values[i]);
        else if (values[i].kind == VALUE_FLAG)
            json_object_set_new(object, name, json_boolean(values[i].number != 0));
        else if (values[i].kind == VALUE_MS)
            json_object_set_new(object, name, json_real((double)values[i].number / 1000));
        else if (values[i].kind != VALUE_NONE)
            json_object_set_new(object, name, json_integer((json_int_t)values[i].number));
    }
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(object);
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static bool hidden(const struct output *output, size_t column)
{
    return output->columns[column].detail && !output->long_form;
}

static void print_text(const struct output *output, const struct value *values)
{
    const char *before = "";
    for (size_t i = 0; i < output->count; i++) {
        if (hidden(output, i))
            continue;
        char *text = show(output, &values[i]);
        printf("%s%*s", before, output->columns[i].width, text);
        before = "  ";
        free(text);
    }
    putchar('\n');
}

static void keep(struct output *output, const struct value *values)
{
    output->cells = memory_resize(output->cells, output->cell_count + output->count, sizeof output->cells[0]);
    for (size_t i = 0; i < output->count; i++)
        output->cells[output->cell_count++] = show(output, &values[i]);
}

bool output_row(struct output *output, const struct value *values)
{
    if (output->form == OUTPUT_JSON)
        print_json(output, values);
    else if (output->form == OUTPUT_TABLE)
        keep(output, values);
    else
        print_text(output, values);
    return !ferror(stdout);
}

/* Columns on a terminal that TEXT takes; bytes where that is not known. */
static int columns_of(const char *text)
{
    wchar_t wide[512];
    size_t count = mbstowcs(wide, text, 512);
    int columns = count < 512 ? wcswidth(wide, count) : -1;
    return columns >= 0 ? columns : (int)strlen(text);
}

static void print_cell(const char *text, int width, bool right, bool last)
{
    int blanks = width - columns_of(text);
    if (right)
        printf("%*s%s", blanks, "", text);
    else
        printf("%s%*s", text, last ? 0 : blanks, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void print_table(struct output *output)
{
    int widths[32] = {0};
    size_t rows = output->cell_count / output->count;
    for (size_t i = 0; i < output->count; i++) {
        widths[i] = columns_of(output->columns[i].name);
        for (size_t row = 0; row < rows; row++) {
            int width = columns_of(output->cells[row * output->count + i]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    for (size_t row = 0; row <= rows; row++)
        for (size_t i = 0; i < output->count; i++) {
            const char *cell = row == 0 ? output->columns[i].name : output->cells[(row - 1) * output->count + i];
            print_cell(cell, widths[i], output->columns[i].width > 0, i + 1 == output->count);
        }
}

void output_end(struct output *output)
{
    if (output->form == OUTPUT_TABLE && output->count > 0)
        print_table(output);
    for (size_t i = 0; i < output->cell_count; i++)
        free(output->cells[i]);
    free(output->cells);
    output->cells = NULL;
    output->cell_count = output->count = 0;
}
