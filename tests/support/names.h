/* Names of machines that only a test knows: getaddrinfo, as the program calls it, answers from here. To be included
 * once, by the test's own file. Addresses themselves are the system's affair, as ever. */
#ifndef CLEAT_TESTS_SUPPORT_NAMES_H
#define CLEAT_TESTS_SUPPORT_NAMES_H

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 8, NAMES_SIZE = 128 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct {
        char name[NAMES_SIZE];
        char addresses[NAMES_SIZE]; /* with blanks between; "hang": no answer comes; empty: no such name */
        int asked;
    } items[NAMES_MAX];
    int asked; /* for any */
} names = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static inline size_t names_place(const char *name)
{
    size_t place = 0;
    while (place < NAMES_MAX - 1 && names.items[place].name[0] && strcmp(names.items[place].name, name) != 0)
        place++;
    strncpy(names.items[place].name, name, NAMES_SIZE - 1);
    return place;
}

static inline void names_set(const char *name, const char *addresses)
{
    pthread_mutex_lock(&names.mutex);
    size_t place = names_place(name);
    strncpy(names.items[place].addresses, addresses, NAMES_SIZE - 1);
    pthread_cond_broadcast(&names.changed);
    pthread_mutex_unlock(&names.mutex);
}

static inline int names_asked(const char *name)
{
    pthread_mutex_lock(&names.mutex);
    int asked = name ? names.items[names_place(name)].asked : names.asked;
    pthread_mutex_unlock(&names.mutex);
    return asked;
}

/* One result in memory of its own, for freeaddrinfo below. */
static inline struct addrinfo *names_result(const char *text, uint16_t port)
{
    struct {
        struct addrinfo info;
        struct sockaddr_storage bytes;
    } *result = calloc(1, sizeof *result);
    struct sockaddr_in *v4 = (struct sockaddr_in *)&result->bytes;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&result->bytes;
    result->info.ai_addr = (struct sockaddr *)&result->bytes;
    result->info.ai_socktype = SOCK_STREAM;
    result->info.ai_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (result->info.ai_family == AF_INET) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        (void)inet_pton(AF_INET, text, &v4->sin_addr);
        result->info.ai_addrlen = sizeof *v4;
    } else {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        (void)inet_pton(AF_INET6, text, &v6->sin6_addr);
        result->info.ai_addrlen = sizeof *v6;
    }
    return &result->info;
}

static inline int names_answer(char *addresses, const char *port, struct addrinfo **found)
{
    char *rest = NULL;
    struct addrinfo **end = found;
    *found = NULL;
    for (char *text = strtok_r(addresses, " ", &rest); text; text = strtok_r(NULL, " ", &rest)) {
        *end = names_result(text, (uint16_t)atoi(port));
        end = &(*end)->ai_next;
    }
    return *found ? 0 : EAI_NONAME;
}

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
    char addresses[NAMES_SIZE];
    if (hints && hints->ai_flags & AI_NUMERICHOST) {
        struct in6_addr address;
        bool numeric = inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
        strncpy(addresses, numeric ? name : "", sizeof addresses - 1);
        addresses[sizeof addresses - 1] = '\0';
        return names_answer(addresses, port, found);
    }
    pthread_mutex_lock(&names.mutex);
    size_t place = names_place(name);
    names.asked++;
    names.items[place].asked++;
    while (strcmp(names.items[place].addresses, "hang") == 0)
        pthread_cond_wait(&names.changed, &names.mutex);
    memcpy(addresses, names.items[place].addresses, sizeof addresses);
    pthread_mutex_unlock(&names.mutex);
    return names_answer(addresses, port, found);
}

void freeaddrinfo(struct addrinfo *found)
{
    while (found) {
        struct addrinfo *next = found->ai_next;
        free(found);
        found = next;
    }
}

#endif
