/* Broker URLs: where Redis is and who we are there.
 *
 *     redis://[[user]:password@]host[:port][/db]      unix:///path/to/redis.sock[?db=N]
 *
 * User and password are percent-decoded. No message made here shows any part of a URL that may be a
 * password. */
#ifndef BROKER_URL_H
#define BROKER_URL_H

#include "common/error.h"

#define URL_DEFAULT "redis://127.0.0.1:6379/0"

struct broker_url {
    char *host; /* NULL for a unix socket; without the brackets of an IPv6 address */
    int port;
    char *path;     /* unix socket, else NULL */
    char *user;     /* NULL: the default user */
    char *password; /* NULL: none */
    int db;
    char *shown; /* for messages: "redis://127.0.0.1:6379/0", without user and password */
};

/* ERROR_CONFIG says what is wrong. `text` NULL: URL_DEFAULT. */
bool url_parse(struct broker_url *url, const char *text, struct error *err);
/* The first line of `file` becomes the password. ERROR_CONFIG if it cannot be read, is empty or
 * above 1,024 bytes. */
bool url_read_password(struct broker_url *url, const char *file, struct error *err);
void url_clear(struct broker_url *url);

#endif
