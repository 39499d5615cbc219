/* The server behind --http, on libevent's listener and bufferevents.
 *
 *     accept -> READING -- whole header --> ANSWERING -- written --> CLOSING -- end of file -->
 * freed
 *                  \------- too long: 431, bad: 400, other methods: 405 ---/
 *
 * One request per connection, whose headers are not looked at and whose body is not read: there is
 * little that a request can do. libevent's own evhttp is not used, since it has neither a limit of
 * connections nor one of a connection's whole time. Here a connection is freed HTTP_DEADLINE_MS
 * after it was accepted, whatever happens on it; when all places are taken, the listener rests
 * until one is free. After the answer the write side is shut, and what the other side still sends
 * is thrown away for a while, so that the kernel does not reset the connection before the answer
 * was read. */
#include "worker/http_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/mem.h"

enum connection_state { CONNECTION_READING, CONNECTION_ANSWERING, CONNECTION_CLOSING };

struct http_server {
    struct event_base *base;
    struct evconnlistener *listener;
    const struct http_page *pages;
    size_t n_pages;
    void *arg;
    size_t n_connections;
};

struct connection {
    struct http_server *server;
    struct bufferevent *bev;
    struct event *deadline;
    enum connection_state state;
    size_t discarded;
};

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int from_len, void *arg);
static void on_read(struct bufferevent *bev, void *arg);
static void on_written(struct bufferevent *bev, void *arg);
static void on_event(struct bufferevent *bev, short what, void *arg);
static void on_deadline(evutil_socket_t fd, short what, void *arg);
static void answer(struct connection *c, char *header);

/* ---- addresses ---- */

static bool
parse(const char *text, struct sockaddr_storage *out, int *len, struct error *err)
{
    char whole[HTTP_ADDRESS_MAX];
    const bool is_port = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
    const char *colon = strrchr(text, ':');
    const char *port = is_port ? text : colon != NULL ? colon + 1 : "";
    const int n = snprintf(whole, sizeof(whole), "%s%s", is_port ? "127.0.0.1:" : "", text);

    *len = (int)sizeof(*out);
    /* libevent takes an address without a port, too, and any port for 0 */
    if (n < 0 || (size_t)n >= sizeof(whole) || *port == '\0' || strlen(port) > 5 ||
        strspn(port, "0123456789") != strlen(port) || atoi(port) > 65535)
        return error_set(err, ERROR_USAGE, "--http %s: expected PORT or ADDRESS:PORT", text);
    const bool is_any = atoi(port) == 0;
    if (is_any)
        (void)snprintf(strrchr(whole, ':') + 1, 2, "1");
    if (evutil_parse_sockaddr_port(whole, (struct sockaddr *)out, len) != 0)
        return error_set(err, ERROR_USAGE, "--http %s: expected PORT or ADDRESS:PORT", text);
    if (is_any && out->ss_family == AF_INET)
        ((struct sockaddr_in *)out)->sin_port = 0;
    else if (is_any)
        ((struct sockaddr_in6 *)out)->sin6_port = 0;
    return true;
}

bool
http_address_check(const char *text, struct error *err)
{
    struct sockaddr_storage address;
    int len;
    return parse(text, &address, &len, err);
}

bool
http_server_new(struct http_server **out, struct event_base *base, const char *address,
                const struct http_page *pages, size_t n_pages, void *arg, struct error *err)
{
    struct sockaddr_storage to;
    int len;

    if (!parse(address, &to, &len, err))
        return false;
    struct http_server *s = mem_zero(sizeof(*s));
    *s = (struct http_server){.base = base, .pages = pages, .n_pages = n_pages, .arg = arg};
    s->listener = evconnlistener_new_bind(
        base, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, -1,
        (struct sockaddr *)&to, len);
    if (s->listener == NULL) {
        free(s);
        return error_set_errno(err, ERROR_UNAVAILABLE, "--http %s: cannot listen", address);
    }
    *out = s;
    return true;
}

const char *
http_server_address(const struct http_server *s, char *out)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } a = {.in6 = {.sin6_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);
    char host[64] = "?";

    (void)getsockname(evconnlistener_get_fd(s->listener), &a.any, &len);
    if (a.any.sa_family == AF_INET6) {
        (void)evutil_inet_ntop(AF_INET6, &a.in6.sin6_addr, host, sizeof(host));
        (void)snprintf(out, HTTP_ADDRESS_MAX, "[%s]:%u", host, ntohs(a.in6.sin6_port));
        return out;
    }
    (void)evutil_inet_ntop(AF_INET, &a.in.sin_addr, host, sizeof(host));
    (void)snprintf(out, HTTP_ADDRESS_MAX, "%s:%u", host, ntohs(a.in.sin_port));
    return out;
}

/* ---- connections ---- */

static void
connection_free(struct connection *c)
{
    struct http_server *s = c->server;

    event_free(c->deadline);
    bufferevent_free(c->bev);
    free(c);
    if (s->n_connections-- == HTTP_CONNECTIONS_MAX)
        (void)evconnlistener_enable(s->listener);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int from_len,
          void *arg)
{
    const struct timeval deadline = {.tv_sec = HTTP_DEADLINE_MS / 1000,
                                     .tv_usec = HTTP_DEADLINE_MS % 1000 * 1000};
    struct http_server *s = arg;
    struct connection *c = mem_zero(sizeof(*c));
    (void)from, (void)from_len;

    c->server = s;
    c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
    c->deadline = event_new(s->base, -1, 0, on_deadline, c);
    MUST(c->bev != NULL && c->deadline != NULL);
    bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
    bufferevent_setwatermark(c->bev, EV_READ, 0, HTTP_HEADER_MAX + 1);
    MUST(event_add(c->deadline, &deadline) == 0);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    if (++s->n_connections == HTTP_CONNECTIONS_MAX)
        (void)evconnlistener_disable(listener);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    connection_free(arg);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    (void)bev, (void)what; /* the end of the file, or an error */
    connection_free(arg);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
    struct connection *c = arg;

    if (c->state != CONNECTION_ANSWERING)
        return;
    c->state = CONNECTION_CLOSING;
    (void)shutdown(bufferevent_getfd(bev), SHUT_WR);
}

/* ---- requests ---- */

static void
respond(struct connection *c, const char *status, const char *type, const struct buffer *body,
        bool is_head)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);

    c->state = CONNECTION_ANSWERING;
    MUST(evbuffer_add_printf(out,
                             "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                             "Connection: close\r\nCache-Control: no-store\r\n%s\r\n",
                             status, type, body->len,
                             strncmp(status, "405", 3) == 0 ? "Allow: GET, HEAD\r\n" : "") > 0);
    if (!is_head)
        MUST(evbuffer_add(out, body->data, body->len) == 0);
}

static void
refuse(struct connection *c, const char *status)
{
    struct buffer body = BUFFER_INIT;

    buffer_append_text(&body, status);
    buffer_append_char(&body, '\n');
    respond(c, status, "text/plain; charset=utf-8", &body, false);
    buffer_clear(&body);
}

static void
discard(struct connection *c, struct evbuffer *in)
{
    const size_t len = evbuffer_get_length(in);

    c->discarded += len;
    (void)evbuffer_drain(in, len);
    if (c->discarded > HTTP_DISCARDED_MAX)
        (void)bufferevent_disable(c->bev, EV_READ); /* the deadline frees it */
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct connection *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    char header[HTTP_HEADER_MAX + 1];

    if (c->state != CONNECTION_READING) {
        discard(c, in);
        return;
    }
    const struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
    if (end.pos >= 0 && end.pos + 4 <= HTTP_HEADER_MAX) {
        const ev_ssize_t len = evbuffer_copyout(in, header, (size_t)end.pos);
        header[len > 0 ? len : 0] = '\0';
        discard(c, in);
        answer(c, header);
    } else if (evbuffer_get_length(in) > HTTP_HEADER_MAX) {
        discard(c, in);
        refuse(c, "431 Request Header Fields Too Large");
    }
}

/* "GET /metrics?x HTTP/1.1": method, target, version, with one space between them. */
static bool
split(char *header, char **method, char **target)
{
    char *end = strstr(header, "\r\n");
    if (end != NULL)
        *end = '\0';
    char *space = strchr(header, ' ');
    char *second = space != NULL ? strchr(space + 1, ' ') : NULL;
    if (second == NULL || space == header || space[1] != '/' ||
        (strcmp(second, " HTTP/1.1") != 0 && strcmp(second, " HTTP/1.0") != 0))
        return false;
    *space = *second = '\0';
    *method = header;
    *target = space + 1;
    (*target)[strcspn(*target, "?")] = '\0';
    return true;
}

static void
answer(struct connection *c, char *header)
{
    const struct http_server *s = c->server;
    struct buffer body = BUFFER_INIT;
    char *method, *target;

    if (!split(header, &method, &target)) {
        refuse(c, "400 Bad Request");
        return;
    }
    const bool is_head = strcmp(method, "HEAD") == 0;
    if (!is_head && strcmp(method, "GET") != 0) {
        refuse(c, "405 Method Not Allowed");
        return;
    }
    for (size_t i = 0; i < s->n_pages; i++) {
        if (strcmp(s->pages[i].path, target) != 0)
            continue;
        const int status = s->pages[i].make(s->arg, &body);
        respond(c, status == 200 ? "200 OK" : "503 Service Unavailable", s->pages[i].type, &body,
                is_head);
        buffer_clear(&body);
        return;
    }
    refuse(c, "404 Not Found");
}
