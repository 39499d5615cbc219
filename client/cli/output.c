/* Output to stdout in its three dresses: JSON for programs, plain text in a pipe, colours on a
 * terminal. */
#include "client/cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/json.h"

void
output_json(const struct celeriac_value *v)
{
    struct buffer line = BUFFER_INIT;

    json_print(v, &line);
    buffer_append(&line, "\n", 1);
    fwrite(line.data, 1, line.len, stdout);
    buffer_clear(&line);
}

void
output_result(const struct celeriac_value *v, bool raw)
{
    size_t len;

    if (raw && celeriac_type(v) == CELERIAC_STRING) {
        const char *text = celeriac_bytes(v, &len);
        fwrite(text, 1, len, stdout);
        putchar('\n');
        return;
    }
    output_json(v);
}

bool
output_is_terminal(void)
{
    return isatty(STDOUT_FILENO) == 1;
}

int
output_width(void)
{
    struct winsize size;

    if (!output_is_terminal()) {
        return 0;
    }
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

bool
output_has_colors(const struct cli *cli)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (cli->options.color != CLI_COLOR_AUTO) {
        return cli->options.color == CLI_COLOR_ALWAYS;
    }
    return output_is_terminal() && !(no_color && *no_color) && term && *term &&
           strcmp(term, "dumb") != 0 && strncmp(term, "vt", 2) != 0; /* VT100 and its kin */
}

const char *
output_state_color(bool has_colors, enum job_state state)
{
    static const char *const colors[] = {
        [JOB_UNKNOWN] = "\033[2m",    [JOB_DELAYED] = "\033[36m", [JOB_QUEUED] = "\033[34m",
        [JOB_RUNNING] = "\033[33m",   [JOB_SUCCESS] = "\033[32m", [JOB_FAILURE] = "\033[31m",
        [JOB_CANCELLED] = "\033[35m", [JOB_EXPIRED] = "\033[35m", [JOB_DEAD] = "\033[1;31m"};

    return has_colors ? colors[state] : "";
}

const char *
output_color_end(bool has_colors)
{
    return has_colors ? "\033[0m" : "";
}

const char *
output_age(int64_t ms, char *out)
{
    int64_t s = ms < 0 ? 0 : ms / 1000;

    if (ms >= 0 && ms < 1000) {
        snprintf(out, 16, "%lldms", (long long)ms);
    } else if (s < 100) {
        snprintf(out, 16, "%llds", (long long)s);
    } else if (s < 100 * 60) {
        snprintf(out, 16, "%lldm", (long long)(s / 60));
    } else if (s < 48 * 3600) {
        snprintf(out, 16, "%lldh", (long long)(s / 3600));
    } else {
        snprintf(out, 16, "%lldd", (long long)(s / 86400 < 100000 ? s / 86400 : 99999));
    }
    return out;
}
