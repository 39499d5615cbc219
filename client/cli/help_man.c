/* Manual pages are written from the tables of verbs and options, like the help, so they cannot
 * disagree with the program. The build runs `celeriac help --man DIR` and installs what it finds
 * there. */
#include "client/cli/help_man.h"

#include <stdlib.h>
#include <string.h>

#include "client/cli/roff.h"
#include "common/mem.h"

typedef void page_fn(const struct cli *cli, const struct command *command, FILE *out);

static const struct {
    const char *code, *meaning;
} exit_codes[] = {
    {"0", "All is well."},
    {"1", "A job failed, died, or was cancelled."},
    {"64", "The command line is wrong."},
    {"65", "A payload that cannot be read, or is too large."},
    {"66", "There is no such job, queue or worker."},
    {"69", "Redis, or the worker, is out of reach."},
    {"70", "An internal error."},
    {"73", "It exists already (\\-\\-id, \\-\\-unique)."},
    {"75", "Try again later: paused, full, read-only."},
    {"77", "Redis refuses: password or access list."},
    {"78", "The configuration is bad."},
    {"124", "The wait has timed out."},
    {"130, 143", "Ended by SIGINT, SIGTERM."},
};

static bool write_page(const struct cli *cli, const char *path, page_fn *page,
                       const struct command *command, struct error *err);
static void page_program(const struct cli *cli, const struct command *none, FILE *out);
static void page_verb(const struct cli *cli, const struct command *command, FILE *out);
static void page_settings(const struct cli *cli, const struct command *none, FILE *out);
static void list_group(const struct cli *cli, const char *group, FILE *out);
static bool is_first_of_group(const struct cli *cli, size_t i);
static void list_options(const struct option *rows, size_t n, FILE *out);
static void list_settings(const struct option *rows, size_t n, const char *verbs, FILE *out);
static void list_exit_codes(const char *lines, FILE *out);
static const char *unit_of(const struct option *o);
static void describe(const struct option *o, char *text, size_t size);

bool
help_man_write(const struct cli *cli, const char *dir, struct error *err)
{
    char *path = mem_printf("%s/celeriac.1", dir);
    bool ok = write_page(cli, path, page_program, NULL, err);

    free(path);
    for (size_t i = 0; ok && i < cli->n_commands; i++) {
        path = mem_printf("%s/celeriac-%s.1", dir, cli->commands[i]->name);
        ok = write_page(cli, path, page_verb, cli->commands[i], err);
        free(path);
    }
    if (ok) {
        path = mem_printf("%s/celeriac.conf.5", dir);
        ok = write_page(cli, path, page_settings, NULL, err);
        free(path);
    }
    return ok;
}

static bool
write_page(const struct cli *cli, const char *path, page_fn *page, const struct command *command,
           struct error *err)
{
    FILE *out = fopen(path, "we");

    if (!out) {
        return error_set_errno(err, ERROR_CONFIG, "%s", path);
    }
    page(cli, command, out);
    bool ok = !ferror(out);
    ok = fclose(out) == 0 && ok;
    return ok || error_set_errno(err, ERROR_CONFIG, "%s", path);
}

/* ---- celeriac(1) ---- */

static void
page_program(const struct cli *cli, const struct command *none, FILE *out)
{
    (void)none;
    roff_begin(out, "celeriac", 1);
    roff_section(out, "NAME");
    fputs("celeriac \\- a distributed task queue\n", out);
    roff_section(out, "SYNOPSIS");
    fputs(".B celeriac\n.I verb\n[\\fIoptions\\fR] [\\fIoperands\\fR]\n", out);
    roff_section(out, "DESCRIPTION");
    fputs("Jobs (a task's name and its arguments) go through Redis to workers, which compute them "
          "in processes with\n"
          "threads; the results come back. Each verb has a page of its own, "
          "celeriac\\-\\fIverb\\fR(1).\n",
          out);
    roff_section(out, "VERBS");
    for (size_t i = 0; i < cli->n_commands; i++) {
        if (is_first_of_group(cli, i)) {
            list_group(cli, cli->commands[i]->group, out);
        }
    }
    roff_section(out, "OPTIONS");
    fputs("Every verb takes these, and they may stand before or after it.\n", out);
    list_options(client_settings_rows, CLIENT_SETTINGS_ROWS, out);
    list_options(cli_rows, CLI_ROWS, out);
    roff_section(out, "EXIT STATUS");
    for (size_t i = 0; i < sizeof exit_codes / sizeof *exit_codes; i++) {
        fprintf(out, ".TP\n%s\n%s\n", exit_codes[i].code, exit_codes[i].meaning);
    }
    roff_section(out, "ENVIRONMENT");
    roff_entry(out, "CELERIAC_", "NAME", "A setting; see celeriac.conf(5).");
    roff_entry(out, "REDIS_URL", "",
               "The broker, if neither --broker nor CELERIAC_BROKER names one.");
    roff_entry(out, "CELERIAC_MODULE_PATH", "",
               "Directories, separated by colons, to look for task modules in first.");
    roff_entry(out, "NO_COLOR", "", "If not empty: no colours.");
    roff_section(out, "SEE ALSO");
    fputs(".BR celeriac.conf (5),\n.BR celeriac (3),\n.BR redis\\-server (1)\n", out);
}

static void
list_group(const struct cli *cli, const char *group, FILE *out)
{
    roff_subsection(out, group);
    for (size_t i = 0; i < cli->n_commands; i++) {
        if (strcmp(cli->commands[i]->group, group) == 0) {
            char *text = mem_printf("%s.", cli->commands[i]->summary);
            roff_entry(out, cli->commands[i]->name, "", text);
            free(text);
        }
    }
}

static bool
is_first_of_group(const struct cli *cli, size_t i)
{
    for (size_t j = 0; j < i; j++) {
        if (strcmp(cli->commands[i]->group, cli->commands[j]->group) == 0) {
            return false;
        }
    }
    return true;
}

/* ---- celeriac-VERB(1) ---- */

static void
page_verb(const struct cli *cli, const struct command *command, FILE *out)
{
    char *name = mem_printf("celeriac-%s", command->name);

    (void)cli;
    roff_begin(out, name, 1);
    roff_section(out, "NAME");
    fprintf(out, "celeriac\\-%s \\- %s\n", command->name, command->summary);
    roff_section(out, "SYNOPSIS");
    fputs(".B celeriac\n", out);
    roff_text(out, command->usage, strlen(command->usage));
    fputs("[\\fIoptions\\fR]\n", out);
    roff_section(out, "DESCRIPTION");
    fprintf(out, "%s.\n", command->summary);
    if (command->details) {
        fputs(".PP\n", out);
        roff_text(out, command->details, strlen(command->details));
    }
    roff_section(out, "OPTIONS");
    list_options(command->rows, command->n_rows, out);
    fputs(command->n_rows ? ".PP\n" : "", out);
    fputs("The options of every verb are in\n.BR celeriac (1).\n", out);
    roff_section(out, "EXIT STATUS");
    list_exit_codes(command->exit_codes, out);
    roff_section(out, "EXAMPLES");
    roff_literal(out, command->examples, command->examples[1] ? 2 : 1);
    roff_section(out, "SEE ALSO");
    fputs(".BR celeriac (1),\n.BR celeriac.conf (5)\n", out);
    free(name);
}

/* "-q, --queue NAME" */
static void
list_options(const struct option *rows, size_t n, FILE *out)
{
    char text[768];

    for (size_t i = 0; i < n; i++) {
        const struct option *o = &rows[i];
        const char *unit = unit_of(o);
        const char *operand = o->type == OPTION_FLAG || o->value_is_optional ? "" : unit;
        char letter[] = {'-', o->letter, ',', ' ', '\0'};
        char *term = mem_printf("%s--%s%s%s%s", o->letter ? letter : "", o->name,
                                o->value_is_optional ? "[=" : "", o->value_is_optional ? unit : "",
                                o->value_is_optional ? "]" : "");
        describe(o, text, sizeof text);
        roff_entry(out, term, operand, text);
        free(term);
    }
}

static const char *
unit_of(const struct option *o)
{
    if (o->type == OPTION_FLAG) {
        return "true|false";
    }
    return o->unit ? o->unit : o->type == OPTION_CHOICE ? o->choices : "VALUE";
}

static void
describe(const struct option *o, char *text, size_t size)
{
    bool has_default = o->fallback && o->type != OPTION_FLAG;

    snprintf(text, size, "%c%s%s%s%s.",
             *o->help >= 'a' && *o->help <= 'z' ? *o->help - 'a' + 'A' : *o->help, o->help + 1,
             has_default ? " (default: " : "", has_default ? o->fallback : "",
             has_default ? ")" : "");
}

/* Lines "64  wrong usage". */
static void
list_exit_codes(const char *lines, FILE *out)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n"), code = strcspn(lines, " ");
        const char *text = lines + code + strspn(lines + code, " ");
        fprintf(out, ".TP\n%.*s\n", (int)code, lines);
        roff_text(out, text, (size_t)(lines + len - text));
        lines += len + (lines[len] == '\n');
    }
}

/* ---- celeriac.conf(5) ---- */

static void
page_settings(const struct cli *cli, const struct command *none, FILE *out)
{
    static const char *const example[] = {"broker = redis://worker@redis.example.org:6379/0",
                                          "password-file = /etc/celeriac/password",
                                          "queue = urgent,10",
                                          "queue = default",
                                          "processes = 4",
                                          "lease = 10s"};

    (void)none;
    roff_begin(out, "celeriac.conf", 5);
    roff_section(out, "NAME");
    fputs("celeriac.conf \\- settings of celeriac\n", out);
    roff_section(out, "SYNOPSIS");
    fputs(".nf\n\\&./celeriac.conf\n$XDG_CONFIG_HOME/celeriac/celeriac.conf\n/etc/celeriac/"
          "celeriac.conf\n.fi\n",
          out);
    roff_section(out, "DESCRIPTION");
    fputs("Lines\n.IR name \" = \" value ;\nblank lines and those that begin with # are skipped. A "
          "setting of a list\n"
          "may stand on several lines. An option on the command line goes before the environment "
          "(CELERIAC_\\fINAME\\fR,\n"
          "in capitals and with _ for each \\-), that before the files in the order above, and "
          "those before the default.\n"
          ".B celeriac config \\-\\-origin\nshows each setting and where it comes from.\n.PP\n"
          "Durations are numbers with a unit: 250ms, 10s, 5m, 2h, 1d; a bare number is seconds. "
          "Sizes: 64K, 200M, 1G.\n",
          out);
    roff_section(out, "SETTINGS OF EVERY VERB");
    list_settings(client_settings_rows, CLIENT_SETTINGS_ROWS, NULL, out);
    for (size_t i = 0; i < cli->n_commands; i++) {
        const struct command *c = cli->commands[i];
        list_settings(c->rows, c->n_rows, c->name, out);
    }
    roff_section(out, "EXAMPLES");
    roff_literal(out, example, sizeof example / sizeof *example);
    roff_section(out, "SEE ALSO");
    fputs(".BR celeriac (1)\n", out);
}

/* `verb`: begins a section of its own, if there is a setting at all. */
static void
list_settings(const struct option *rows, size_t n, const char *verb, FILE *out)
{
    char text[768];

    for (size_t i = 0; i < n; i++) {
        const struct option *o = &rows[i];
        if (!o->is_setting) {
            continue;
        }
        if (verb) {
            fprintf(out, ".SH SETTINGS OF CELERIAC\\-");
            for (const char *c = verb; *c; c++) {
                fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, out);
            }
            fputc('\n', out);
            verb = NULL;
        }
        describe(o, text, sizeof text);
        char *operand = mem_printf("= %s", unit_of(o));
        roff_entry(out, o->name, operand, text);
        free(operand);
    }
}
