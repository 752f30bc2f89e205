#include "client/endpoint_text.h"

#include <stdio.h>
#include <string.h>

const char *endpoint_text(const struct endpoint *endpoint, char text[ENDPOINT_TEXT_SIZE])
{
    const char *format = strchr(endpoint->host, ':') ? "[%s]:%s" : "%s:%s";
    snprintf(text, ENDPOINT_TEXT_SIZE, format, endpoint->host, endpoint->port);
    return text;
}
