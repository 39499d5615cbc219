/* Fuzzing of options and configuration files: the input up to its first NUL byte is the text of
 * the user's celeriac.conf, each piece behind it a word of the command line. What is refused comes
 * with one line; what is accepted lies in the range of its row. Options that are settings and those
 * that are not, of every type, are among the rows of the client and the worker. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/settings.h"
#include "common/options.h"
#include "worker/worker_options.h"

enum { WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char home[] = "/tmp/celeriac-options-XXXXXX", folder[64], file[80];

static void
remove_files(void)
{
    unlink(file);
    rmdir(folder);
    rmdir(home);
}

static void
start(void)
{
    MUST(mkdtemp(home) != NULL);
    snprintf(folder, sizeof folder, "%s/celeriac", home);
    snprintf(file, sizeof file, "%s/celeriac.conf", folder);
    MUST(mkdir(folder, 0700) == 0);
    atexit(remove_files);
    setenv("XDG_CONFIG_HOME", home, 1);
}

static void
write_file(const uint8_t *text, size_t len)
{
    FILE *to = fopen(file, "w");

    MUST(to && fwrite(text, 1, len, to) == len && fclose(to) == 0);
}

/* Cuts `words` at its NUL bytes. */
static int
split(char *words, size_t len, char **argv)
{
    static char name[] = "celeriac";
    int argc = 0;

    argv[argc++] = name;
    for (char *at = words; at < words + len && argc < WORDS; at += strlen(at) + 1) {
        argv[argc++] = at;
    }
    argv[argc] = NULL;
    return argc;
}

static void
check_row(const struct option *row, const void *target)
{
    const char *at = (const char *)target + row->offset;
    bool is_number =
        row->type == OPTION_INTEGER || row->type == OPTION_DURATION || row->type == OPTION_SIZE;

    if (is_number) {
        int64_t n = *(const int64_t *)(const void *)at;
        MUST((n == 0 && !row->fallback) || (row->min == 0 && row->max == 0 && n >= 0) ||
             (n >= row->min && n <= row->max));
    } else if (row->type == OPTION_CHOICE) {
        int choice = *(const int *)(const void *)at, n = 1;
        for (const char *c = row->choices; *c; c++) {
            n += *c == '|';
        }
        MUST(choice >= 0 && choice < n);
    } else if (row->type == OPTION_LIST) {
        const struct option_list *list = (const void *)at;
        for (size_t i = 0; i < list->count; i++) {
            MUST(strlen(list->items[i]) < SIZE_MAX);
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_started;
    struct client_settings client = {0};
    struct worker_options worker = {0};
    const struct option_set sets[] = {{client_settings_rows, CLIENT_SETTINGS_ROWS, &client},
                                      {worker_option_rows, WORKER_OPTION_ROWS, &worker}};
    struct option_origin origins[CLIENT_SETTINGS_ROWS + WORKER_OPTION_ROWS];
    struct option_operands operands;
    struct error err = ERROR_INIT;
    const uint8_t *end = memchr(data, '\0', size);
    size_t text_len = end ? (size_t)(end - data) : size, rest = end ? size - text_len - 1 : 0;
    char *words = malloc(rest + 1), *argv[WORDS + 1];

    MUST(words);
    if (!is_started) {
        start();
        is_started = true;
    }
    write_file(data, text_len);
    memcpy(words, end ? end + 1 : data, rest);
    words[rest] = '\0';
    if (options_read(sets, 2, split(words, rest, argv), argv, &operands, origins, &err)) {
        for (size_t i = 0; i < 2; i++) {
            for (size_t k = 0; k < sets[i].count; k++) {
                check_row(&sets[i].rows[k], sets[i].target);
            }
        }
    } else {
        MUST(err.code == ERROR_USAGE || err.code == ERROR_CONFIG);
        MUST(err.message[0] && !strchr(err.message, '\n'));
    }
    free(words);
    return 0;
}
