/* A small HTTP server: GET and HEAD of a few fixed pages, one request per connection. */
#ifndef WORKER_HTTP_SERVER_H
#define WORKER_HTTP_SERVER_H

#include "common/buffer.h"
#include "common/error.h"

#include <event2/event.h>

enum {
    HTTP_CONNECTIONS_MAX = 64,  /* more wait in the kernel's queue */
    HTTP_HEADER_MAX = 8192,     /* bytes of request line and headers together */
    HTTP_DEADLINE_MS = 5000,    /* from accept to the end, however the bytes come */
    HTTP_DISCARDED_MAX = 65536, /* bytes read and thrown away after the answer */
    HTTP_ADDRESS_MAX = 128,
};

/* Appends a page's body, text of the type it says; returns the status: 200 or 503. */
typedef int http_page_fn(void *arg, struct buffer *body);

struct http_page {
    const char *path; /* exactly */
    const char *type;
    http_page_fn *make;
};

struct http_server;

/* "PORT" (of 127.0.0.1), "ADDRESS:PORT", "[ADDRESS]:PORT": ERROR_USAGE if it is none. Opens
 * nothing. */
bool http_address_check(const char *text, struct error *err);
/* Listens; port 0: a free one. `pages` outlive the server. ERROR_USAGE, ERROR_UNAVAILABLE. */
bool http_server_new(struct http_server **out, struct event_base *base, const char *address,
                     const struct http_page *pages, size_t n_pages, void *arg, struct error *err);
/* Where it listens, as "127.0.0.1:9464". Returns `out`, of HTTP_ADDRESS_MAX. */
const char *http_server_address(const struct http_server *s, char *out);

#endif
