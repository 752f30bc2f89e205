#include "count/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ensure.h"
#include "base/memory.h"

enum {
    VALUE_BYTES = 256,
    FILES = 1024,
    PARTS = 4, /* of the clients, which begin one after the other */
};

void load_open(struct load *load, struct machine *machine, size_t connections, size_t depth)
{
    *load = (struct load){
        .machine = machine,
        .depth = depth,
        .unanswered = memory_get(connections * sizeof *load->unanswered),
    };
    machine_open_clients(machine, connections);
}

void load_close(struct load *load)
{
    free(load->unanswered);
}

/* The size of the reply at the start of BYTES; 0: it is not whole. */
static size_t reply_size(const char *bytes, size_t size)
{
    const char *end = memchr(bytes, '\n', size);
    if (!end)
        return 0;
    size_t line = (size_t)(end - bytes) + 1;
    bool contents = strncmp(bytes, "CONTENTS ", 9) == 0;
    if (!contents && strncmp(bytes, "OK ", 3) != 0) {
        fprintf(stderr, "count: a client is told: %.*s", (int)line, bytes);
        exit(EXIT_FAILURE);
    }
    size_t whole = contents ? line + VALUE_BYTES + 2 : line;
    return whole <= size ? whole : 0;
}

static void take_replies(struct load *load, size_t number)
{
    struct buffer *replies = &load->machine->connections[number].replies;
    size_t size;
    while (buffer_size(replies) > 0 && (size = reply_size((char *)buffer_start(replies), buffer_size(replies))) > 0) {
        buffer_consume(replies, size);
        ensure(load->unanswered[number] > 0);
        load->unanswered[number]--;
        load->answered++;
    }
}

static void send(struct load *load, size_t number, enum load_kind kind)
{
    struct buffer *inbox = &load->machine->connections[number].inbox;
    for (size_t i = 0; i < load->depth; i++) {
        char line[64];
        unsigned file = (unsigned)(load->sent % FILES);
        int size = kind == LOAD_READ ? snprintf(line, sizeof line, "read file-%04u\r\n", file)
                                     : snprintf(line, sizeof line, "write file-%04u %d\r\n", file, VALUE_BYTES);
        buffer_append(inbox, line, (size_t)size);
        if (kind == LOAD_WRITE) {
            char value[VALUE_BYTES + 2];
            memset(value, 'a' + (int)(load->sent % 26), VALUE_BYTES);
            memcpy(value + VALUE_BYTES, "\r\n", 2);
            buffer_append(inbox, value, sizeof value);
        }
        load->sent++;
    }
    load->unanswered[number] = load->depth;
}

void load_round(struct load *load, enum load_kind kind)
{
    for (size_t i = 0; i < load->machine->connection_count; i++) {
        take_replies(load, i);
        if (load->unanswered[i] == 0 && i % PARTS <= load->rounds)
            send(load, i, kind);
    }
    load->rounds++;
}
