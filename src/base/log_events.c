#include "base/log_events.h"

#include "base/ensure.h"

static const char *const names[LOG_EVENT_COUNT] = {
#define LOG_EVENT_NAME(event, name, meaning) [LOG_##event] = name,
    LOG_EVENTS(LOG_EVENT_NAME)
#undef LOG_EVENT_NAME
};

const char *log_event_name(enum log_event event)
{
    ensure(event < LOG_EVENT_COUNT);
    return names[event];
}

void log_event_begin(struct buffer *line, enum log_event event)
{
    buffer_append_text(line, "event=");
    buffer_append_text(line, log_event_name(event));
}
