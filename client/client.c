/* A client: the connection for calls, the feed for outcomes (client/watch.h), the known signatures
 * (client/catalogue.h), and the list of futures. Everything hangs on `struct celeriac_client`;
 * there is no other state, so clients in different threads never meet. */
#include "client/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/settings.h"
#include "common/clock.h"
#include "common/mem.h"

enum { CLOCK_KEEP_MS = 60000 };

struct queue_name {
    struct queue_name *next;
    char text[];
};

static bool open_client(struct celeriac_client *c, const struct celeriac_settings *settings,
                        struct error *err);
static char *copy(const char *text);

struct celeriac_client *
celeriac_connect(const struct celeriac_settings *settings, struct celeriac_error *error)
{
    struct celeriac_client *c;
    struct celeriac_settings usual = CELERIAC_SETTINGS_INIT;
    struct client_settings found = {0};
    struct error err = ERROR_INIT;

    if (!settings) {
        if (!client_settings_read(&found, &err)) {
            client_fail(error, &err);
            return NULL;
        }
        usual.broker = found.broker;
        usual.namespace_ = found.namespace;
        usual.password_file = found.password_file;
        usual.max_message_bytes = (size_t)found.max_message_bytes;
        settings = &usual;
    }
    c = mem_zero(sizeof *c);
    if (!open_client(c, settings, &err)) {
        celeriac_close(c);
        client_fail(error, &err);
        return NULL;
    }
    return c;
}

void
celeriac_close(struct celeriac_client *c)
{
    if (!c) {
        return;
    }
    while (c->futures) {
        celeriac_future_free(c->futures);
    }
    catalogue_free(c->catalogue);
    watcher_clear(&c->watcher);
    broker_close(c->broker);
    while (c->queues) {
        struct queue_name *q = c->queues;
        c->queues = q->next;
        free(q);
    }
    free(c->url);
    free(c->namespace);
    free(c->password_file);
    free(c);
}

int
celeriac_fd(struct celeriac_client *client)
{
    struct error ignored;

    return watcher_start(&client->watcher, &ignored) ? watcher_fd(&client->watcher) : -1;
}

const char *
celeriac_new_id(char id[CELERIAC_ID_SIZE])
{
    struct id fresh;

    id_new(&fresh);
    return id_print(&fresh, id);
}

bool
client_redis_ms(struct celeriac_client *c, int64_t *wall_ms, struct error *err)
{
    int64_t now_ms;

    if (!c->clock_read_ms || clock_mono_ms() - c->clock_read_ms > CLOCK_KEEP_MS) {
        if (!broker_redis_time(c->broker, &now_ms, err)) {
            return false;
        }
        c->clock_offset_ms = now_ms - clock_wall_ms();
        c->clock_read_ms = clock_mono_ms();
    }
    *wall_ms = clock_wall_ms() + c->clock_offset_ms;
    return true;
}

const char *
client_intern(struct celeriac_client *c, const char *queue)
{
    struct queue_name *q = c->queues;

    while (q && strcmp(q->text, queue) != 0) {
        q = q->next;
    }
    if (!q) {
        q = mem_alloc(sizeof *q + strlen(queue) + 1);
        memcpy(q->text, queue, strlen(queue) + 1);
        q->next = c->queues;
        c->queues = q;
    }
    return q->text;
}

bool
client_fail(struct celeriac_error *error, const struct error *err)
{
    if (error) {
        error->code = (int)err->code;
        snprintf(error->message, sizeof error->message, "%s", err->message);
    }
    return false;
}

bool
client_fail_with(struct celeriac_error *error, enum error_code code, const char *format, ...)
{
    va_list args;

    if (error) {
        error->code = (int)code;
        va_start(args, format);
        vsnprintf(error->message, sizeof error->message, format, args);
        va_end(args);
    }
    return false;
}

static bool
open_client(struct celeriac_client *c, const struct celeriac_settings *settings, struct error *err)
{
    struct broker_settings broker;

    size_t max_bytes =
        settings->max_message_bytes ? settings->max_message_bytes : MESSAGE_MAX_DEFAULT;

    if (max_bytes < MESSAGE_MAX_LEAST || max_bytes > MESSAGE_MAX_MOST) {
        return error_set(err, ERROR_CONFIG, "largest message %zu bytes: expected %d to %d",
                         max_bytes, MESSAGE_MAX_LEAST, MESSAGE_MAX_MOST);
    }
    c->max_message_bytes = max_bytes;
    c->ready_end = &c->ready;
    c->url = copy(settings->broker);
    c->namespace = copy(settings->namespace_);
    c->password_file = copy(settings->password_file);
    broker = (struct broker_settings){.url = c->url,
                                      .namespace = c->namespace,
                                      .password_file = c->password_file,
                                      .connect_timeout_ms = settings->connect_timeout_ms,
                                      .command_timeout_ms = settings->command_timeout_ms};
    if (!broker_open(&c->broker, &broker, err)) {
        return false;
    }
    watcher_init(&c->watcher, &broker, c->broker);
    if (settings->outage_ms) {
        c->watcher.outage_ms = settings->outage_ms;
    }
    c->watcher.on_outage = settings->on_outage;
    c->watcher.arg = settings->arg;
    c->catalogue = settings->skip_checks ? NULL : catalogue_new(c->broker);
    return true;
}

static char *
copy(const char *text)
{
    return text ? mem_text(text) : NULL;
}
