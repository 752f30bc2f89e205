#include "base/ensure.h"

#include <stdlib.h>

#include "base/last_line.h"

void ensure_failed(const char *condition, const char *file, int line, const char *function)
{
    last_line("event=bug condition=\"%s\" at=%s:%d function=%s\n", condition, file, line, function);
    abort();
}
