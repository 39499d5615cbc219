/* One line for each job that was changed: its id and the state it is in now. */
#include "client/cli/job_change.h"

#include <stdio.h>
#include <stdlib.h>

#include "client/cli/output.h"
#include "client/cli/session.h"
#include "common/arena.h"
#include "common/mem.h"

static void print_state(const struct cli *cli, const struct id *id, const struct job_change *done);

int
job_change_one(const struct cli *cli, struct broker *b, const struct id *id, job_change_fn *change,
               const void *arg)
{
    struct job_change done = {JOB_UNKNOWN, false};
    struct error err = ERROR_INIT;
    char text[ID_MAX + 1];

    if (!change(b, id, arg, &done, &err)) {
        return cli_fail(&err);
    }
    print_state(cli, id, &done);
    if (done.state == JOB_UNKNOWN && !done.is_discarded) {
        return cli_fail_with(ERROR_NOT_FOUND, "no job %s", id_print(id, text));
    }
    return 0;
}

int
job_change_operands(const struct cli *cli, job_change_fn *change, const void *arg)
{
    size_t n = cli->operands.count;
    struct id *ids = mem_array(n, sizeof *ids);
    struct broker *b = NULL;
    int code = 0;

    for (size_t i = 0; i < n; i++) { /* none is changed if one of them is no id */
        if (!session_id(cli->operands.items[i], &ids[i], &code)) {
            free(ids);
            return code;
        }
    }
    b = session_broker(cli, &code);
    for (size_t i = 0; b && i < n; i++) {
        code = session_worse(code, job_change_one(cli, b, &ids[i], change, arg));
    }
    broker_close(b);
    free(ids);
    return code;
}

static void
print_state(const struct cli *cli, const struct id *id, const struct job_change *done)
{
    bool has_colors = output_has_colors(cli);
    char text[ID_MAX + 1];
    struct celeriac_arena *arena;
    struct celeriac_value *v;

    id_print(id, text);
    if (!cli->options.json) {
        printf("%s %s%s%s\n", text, output_state_color(has_colors, done->state),
               done->is_discarded ? "discarded" : job_state_name(done->state),
               output_color_end(has_colors));
        return;
    }
    arena = arena_new();
    v = celeriac_object(arena);
    celeriac_set(v, "v", celeriac_integer(arena, 1));
    celeriac_set(v, "id", celeriac_text(arena, text));
    celeriac_set(v, "state", celeriac_text(arena, job_state_name(done->state)));
    if (done->is_discarded) {
        celeriac_set(v, "discarded", celeriac_boolean(arena, true));
    }
    output_json(v);
    arena_free(arena);
}
