/* Reaching the broker, and the checks that verbs share. */
#include "client/cli/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/interrupt.h"

static void on_outage(void *arg, const char *line);

struct broker *
session_broker(const struct cli *cli, int *code)
{
    struct broker *b;
    struct error err = ERROR_INIT;

    interrupt_install();
    if (!broker_open(&b, &cli->broker, &err)) {
        *code = cli_fail(&err);
        return NULL;
    }
    return b;
}

struct celeriac_client *
session_client(const struct cli *cli, int *code)
{
    struct celeriac_settings settings = CELERIAC_SETTINGS_INIT;
    struct celeriac_error error;
    struct celeriac_client *client;

    interrupt_install();
    settings.broker = cli->settings.broker;
    settings.namespace_ = cli->settings.namespace;
    settings.password_file = cli->settings.password_file;
    settings.max_message_bytes = (size_t)cli->settings.max_message_bytes;
    settings.on_outage = on_outage;
    client = celeriac_connect(&settings, &error);
    if (!client) {
        *code = session_fail(&error);
    }
    return client;
}

int
session_fail(const struct celeriac_error *error)
{
    return cli_fail_with((enum error_code)error->code, "%s", error->message);
}

bool
session_needs(const struct cli *cli, size_t least, int *code)
{
    if (cli->operands.count >= least) {
        return true;
    }
    *code = cli_fail_with(ERROR_USAGE, "usage: celeriac %s", cli->command->usage);
    return false;
}

bool
session_id(const char *text, struct id *id, int *code)
{
    if (id_parse(id, text, strlen(text)) || id_from_redis(id, text, strlen(text))) {
        return true;
    }
    *code = cli_fail_with(ERROR_USAGE, "id \"%.80s\": expected a UUID", text);
    return false;
}

int
session_worse(int code, int other)
{
    return code > other ? code : other;
}

int
session_timeout(int64_t option_ms)
{
    return option_ms <= 0 ? -1 : option_ms > INT32_MAX ? INT32_MAX : (int)option_ms;
}

static void
on_outage(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "celeriac: %s\n", line);
}

bool
session_is_sure(bool yes, const char *what, const char *const *names, size_t n, int *code)
{
    char answer[16] = "";

    if (yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        *code = cli_fail_with(ERROR_USAGE, "this removes %s for good: say -y", what);
        return false;
    }
    fprintf(stderr, "Remove all %s of", what);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, " %s", names[i]);
    }
    fprintf(stderr, "? [y/N] ");
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
        *code = cli_fail_with(ERROR_USAGE, "nothing was removed");
        return false;
    }
    return true;
}
