#include "base/ensure.h"

#include <stdio.h>
#include <stdlib.h>

void ensure_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "event=bug condition=\"%s\" at=%s:%d function=%s\n", condition, file, line, function);
    fflush(stderr);
    abort();
}
