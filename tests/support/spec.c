#include "support/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"

/* All of it; the caller frees it. */
static char *spec_read(void)
{
    FILE *file = fopen("SPEC.md", "r");
    ensure(file != NULL); /* run it at the top of the checkout */
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(size + 1, 1);
    ensure(text != NULL && fread(text, 1, size, file) == size);
    fclose(file);
    return text;
}

char *spec_section(const char *heading)
{
    char *all = spec_read(), *place;
    char *start = spec_line(all, heading, NULL, (const char **)&place);
    ensure(start != NULL && strcmp(start, heading) == 0);
    free(start);
    char *end = strstr(place, "\n#");
    char *text = strndup(place, end ? (size_t)(end - place) : strlen(place));
    free(all);
    return text;
}

char *spec_line(const char *text, const char *start, const char *after, const char **place)
{
    const char *line = after ? strchr(after, '\n') : text;
    for (; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, start, strlen(start)) != 0)
            continue;
        if (place)
            *place = line;
        return strndup(line, strcspn(line, "\n"));
    }
    return NULL;
}

char *spec_cell(const char *line, unsigned number)
{
    const char *at = line;
    for (unsigned i = 0; at && i < number; i++)
        at = strstr(at + 1, " |");
    at = at ? strchr(at, '|') : NULL;
    const char *end = at ? strstr(at + 1, " |") : NULL;
    return end && end > at + 1 ? strndup(at + 2, (size_t)(end - at - 2)) : NULL;
}
