/* Shows people what goes over the wire: lines that are sent begin with "> ", lines that came with "< ", and what else
 * happens with "* ". Contents are shown if they are one short line of text, else only their size is. */
#ifndef CLEAT_CLIENT_WIRE_H
#define CLEAT_CLIENT_WIRE_H

#include <stdio.h>

#include "client/call.h"

void wire_sent(FILE *file, const struct call *call);
void wire_got(FILE *file, const struct call *call);
/* A line that was not asked for. */
void wire_pushed(FILE *file, const uint8_t *line, size_t size);
void wire_note(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
