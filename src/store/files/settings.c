#include "store/files/settings.h"

#include <string.h>

#include "base/ensure.h"

const struct setting settings_known[] = {
    {NULL, 0, NULL},
};

static bool is_of(const struct setting *setting, const uint8_t *name, size_t size)
{
    size_t length = strlen(setting->name);
    ensure(length > 0 && setting->level >= LEVEL_BASE);
    if (setting->name[length - 1] == '/')
        return size > length && memcmp(name, setting->name, length) == 0;
    return size == length && memcmp(name, setting->name, length) == 0;
}

const struct setting *settings_find(const struct setting *settings, const uint8_t *name, size_t size)
{
    ensure(setting_has_name(name, size));
    for (const struct setting *setting = settings; setting->name; setting++)
        if (is_of(setting, name + 1, size - 1))
            return setting;
    return NULL;
}
