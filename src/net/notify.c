#include "net/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ensure.h"

enum { MESSAGE_MAX = NOTIFY_REASON_MAX + 100 };

const char *notify_open(struct notify *notify, const char *path)
{
    *notify = (struct notify){.file = -1};
    if (!path || path[0] == '\0')
        return NULL;
    size_t size = strlen(path);
    if (path[0] != '/' && path[0] != '@')
        return "it is neither an absolute path nor an abstract name";
    if (size >= sizeof notify->address.sun_path)
        return "it is too long for the name of a socket";
    notify->address.sun_family = AF_UNIX;
    memcpy(notify->address.sun_path, path, size + 1);
    if (path[0] == '@')
        notify->address.sun_path[0] = '\0';
    /* An abstract name ends where the address ends; a path has its zero within it. */
    notify->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] == '/'));
    notify->file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return notify->file < 0 ? "there is no descriptor left for it" : NULL;
}

void notify_close(struct notify *notify)
{
    if (notify->file >= 0)
        close(notify->file);
    notify->file = -1;
}

static bool is_news(const struct notify *notify, const char *waits_for, bool ending)
{
    return !notify->told || ending != notify->ending ||
           strncmp(waits_for, notify->waits_for, NOTIFY_REASON_MAX - 1) != 0;
}

void notify_tell(struct notify *notify, const char *waits_for, bool ending)
{
    const char *reason = waits_for ? waits_for : "";
    if (notify->file < 0 || !is_news(notify, reason, ending))
        return;
    char message[MESSAGE_MAX];
    bool ready = !waits_for && !ending && !notify->was_ready;
    int size = snprintf(message, sizeof message, "%s%sSTATUS=%s%.*s\n", ready ? "READY=1\n" : "",
                        ending ? "STOPPING=1\n" : "", waits_for ? "Not ready: " : "Ready", NOTIFY_REASON_MAX - 1,
                        reason);
    ensure(size > 0 && size < MESSAGE_MAX);
    if (sendto(notify->file, message, (size_t)size, MSG_NOSIGNAL, (const struct sockaddr *)&notify->address,
               notify->address_size) != size)
        return;
    notify->told = true;
    notify->was_ready |= ready;
    snprintf(notify->waits_for, sizeof notify->waits_for, "%s", reason);
    notify->ending = ending;
}
