/* names.c: getaddrinfo and freeaddrinfo, found by the shared libraries before those of libc. */
#include "names.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define VISIBLE __attribute__((visibility("default")))

typedef int (*look_up_fn)(const char *name, const char *service, const struct addrinfo *hints,
                          struct addrinfo **ret_found);

/* One answer and its address, as freeaddrinfo below expects it. */
typedef struct entry {
    struct addrinfo info;
    struct sockaddr_in address;
} entry;

static const struct {
    const char *name;
    const char *addresses[2];
} names[] = {
    {"loop.test", {"127.0.0.1", NULL}},
    {"private.test", {"10.255.255.1", NULL}},
    {"mixed.test", {"10.255.255.1", "127.0.0.1"}},
    {"second.test", {"127.0.0.2", "127.0.0.1"}},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int is_let_go;

void names_let_go(void)
{
    pthread_mutex_lock(&lock);
    is_let_go = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int hang(void)
{
    pthread_mutex_lock(&lock);
    while (!is_let_go)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    return EAI_AGAIN;
}

static struct addrinfo *make_entry(const char *text, const char *service, struct addrinfo *next)
{
    entry *it = calloc(1, sizeof *it);
    if (!it)
        abort();
    it->address.sin_family = AF_INET;
    it->address.sin_port = htons((uint16_t)(service ? atoi(service) : 0));
    inet_pton(AF_INET, text, &it->address.sin_addr);
    it->info = (struct addrinfo){.ai_family = AF_INET,
                                 .ai_socktype = SOCK_STREAM,
                                 .ai_addrlen = sizeof it->address,
                                 .ai_addr = (struct sockaddr *)&it->address,
                                 .ai_next = next};
    return &it->info;
}

VISIBLE int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                        struct addrinfo **ret_found)
{
    if (name && !strcmp(name, "hang.test"))
        return hang();
    if (name && !strcmp(name, "none.test"))
        return EAI_NONAME;
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i].name) != 0)
            continue;
        *ret_found = NULL;
        for (int j = 1; j >= 0; j--)
            if (names[i].addresses[j])
                *ret_found = make_entry(names[i].addresses[j], service, *ret_found);
        return 0;
    }
    /* The system's answer in our form, so that freeaddrinfo need not know whose it is. */
    struct addrinfo *found, *copy = NULL;
    look_up_fn look_up;
    *(void **)&look_up = dlsym(RTLD_NEXT, "getaddrinfo");
    int failed = look_up(name, service, hints, &found);
    if (failed)
        return failed;
    for (struct addrinfo *it = found; it; it = it->ai_next) {
        char text[INET_ADDRSTRLEN];
        if (it->ai_family != AF_INET)
            continue;
        inet_ntop(AF_INET, &((struct sockaddr_in *)it->ai_addr)->sin_addr, text, sizeof text);
        copy = make_entry(text, service, copy);
    }
    void (*forget)(struct addrinfo *);
    *(void **)&forget = dlsym(RTLD_NEXT, "freeaddrinfo");
    forget(found);
    *ret_found = copy;
    return copy ? 0 : EAI_NONAME;
}

VISIBLE void freeaddrinfo(struct addrinfo *found)
{
    while (found) {
        struct addrinfo *next = found->ai_next;
        free(found); /* the first member of its entry */
        found = next;
    }
}
