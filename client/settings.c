/* Where the broker is.
 *
 * Precedence: option > CELERIAC_BROKER > REDIS_URL > ./celeriac.conf >
 * $XDG_CONFIG_HOME/celeriac/celeriac.conf > /etc/celeriac/celeriac.conf > redis://127.0.0.1:6379/0.
 * REDIS_URL is everybody's variable and not one of ours, so the table of options does not know it.
 * An empty value counts as none: `CELERIAC_BROKER= celeriac ...` is how people switch a setting
 * off. */
#include "client/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct option client_settings_rows[CLIENT_SETTINGS_ROWS] = {
    {.name = "broker",
     .letter = 'b',
     .type = OPTION_TEXT,
     .is_setting = true,
     .unit = "URL",
     .help = "the Redis that holds the queues (default: redis://127.0.0.1:6379/0)",
     .offset = offsetof(struct client_settings, broker)},
    {.name = "namespace",
     .type = OPTION_TEXT,
     .is_setting = true,
     .fallback = "celeriac",
     .unit = "NAME",
     .help = "prefix of all keys in Redis",
     .offset = offsetof(struct client_settings, namespace)},
    {.name = "password-file",
     .type = OPTION_TEXT,
     .is_setting = true,
     .unit = "FILE",
     .help = "file whose first line is the password for Redis",
     .offset = offsetof(struct client_settings, password_file)},
    {.name = "max-message",
     .type = OPTION_SIZE,
     .is_setting = true,
     .fallback = "1M",
     .min = MESSAGE_MAX_LEAST,
     .max = MESSAGE_MAX_MOST,
     .unit = "SIZE",
     .help = "largest job that is sent, with its arguments, up to 64M",
     .offset = offsetof(struct client_settings, max_message_bytes)},
};

static bool starts_with(const char *text, const char *prefix);

bool
client_settings_finish(struct client_settings *s, struct option_origin *origins)
{
    const char *redis_url = getenv("REDIS_URL");
    struct option_origin *broker = &origins[0];
    bool is_named = s->broker && *s->broker;

    if (s->password_file && !*s->password_file) {
        s->password_file = NULL;
    }
    if (!is_named) {
        s->broker = NULL;
    }
    if (is_named && !starts_with(broker->origin, "file")) {
        return true;
    }
    if (redis_url && *redis_url) {
        s->broker = redis_url;
        snprintf(broker->value, sizeof broker->value, "%s", redis_url);
        snprintf(broker->origin, sizeof broker->origin, "environment REDIS_URL");
        return true;
    }
    return is_named;
}

bool
client_settings_read(struct client_settings *s, struct error *err)
{
    struct option_set set = {client_settings_rows, CLIENT_SETTINGS_ROWS, s};
    struct option_origin origins[CLIENT_SETTINGS_ROWS];

    if (!options_read_settings(&set, 1, origins, err)) {
        return false;
    }
    client_settings_finish(s, origins);
    return true;
}

struct broker_settings
client_settings_broker(const struct client_settings *s)
{
    return (struct broker_settings){
        .url = s->broker, .namespace = s->namespace, .password_file = s->password_file};
}

static bool
starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}
