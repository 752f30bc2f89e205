#include "cli/folder.h"

#include <string.h>

#include "base/memory.h"

const char *folder_path_problem(const char *path)
{
    for (const char *at = path;; at++) {
        size_t size = strcspn(at, "/");
        if (size == 0)
            return at == path && *at == '/' ? "it begins with a '/'" : "a part of its path is empty";
        if ((size == 1 && at[0] == '.') || (size == 2 && at[0] == '.' && at[1] == '.'))
            return "a part of its path is '.' or '..'";
        at += size;
        if (*at == '\0')
            return NULL;
    }
}

char *folder_join(const char *a, const char *b)
{
    size_t a_size = strlen(a), b_size = strlen(b);
    char *text = memory_get(a_size + b_size + 1);
    memcpy(text, a, a_size);
    memcpy(text + a_size, b, b_size);
    return text;
}

char *folder_prefix(const char *text)
{
    size_t size = strlen(text);
    return folder_join(text, size > 0 && text[size - 1] != '/' ? "/" : "");
}

char *folder_last(const char *name)
{
    size_t end = strlen(name);
    while (end > 1 && name[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && name[start - 1] != '/')
        start--;
    char *text = memory_get(end - start + 1);
    memcpy(text, name + start, end - start);
    return text;
}
