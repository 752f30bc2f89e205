/* A server whose first thread has ended while another still listens, as a killed one looks while its disk thread waits
 * for the disk. The system calls such a process a zombie, and yet it holds its port and its files.
 *
 *      remains ... --listen 127.0.0.1:PORT ...
 *
 * Listens until it is killed; takes no connection and heeds no other option, so that it can stand in for cleatd. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 16 };

static void *outlive(void *unused)
{
    for (;;)
        pause();
    return unused;
}

/* The port of the option --listen; 0 without one. */
static uint16_t port_of(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i++) {
        const char *colon = strchr(argv[i + 1], ':');
        if (strcmp(argv[i], "--listen") == 0 && colon)
            return (uint16_t)strtoul(colon + 1, NULL, 10);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port_of(argc, argv)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    pthread_t thread;
    int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, BACKLOG) < 0 ||
        pthread_create(&thread, NULL, outlive, NULL) != 0) {
        perror("remains");
        return EXIT_FAILURE;
    }
    pthread_exit(NULL);
}
