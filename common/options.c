/* Options: the order of sources, the environment and the words of the command line.
 *
 * Each row gets a rank with its value, and a value of lower rank never replaces one of higher rank,
 * so the sources need not know of each other. The words of the command line are read by our own
 * loop instead of getopt_long, for three things that it cannot do: negative numbers are operands, a
 * word that looks like an option is never swallowed as the value of the one before it, and the rows
 * need no copy in its own format. */
#include "common/options_reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/mem.h"

enum { NAME_ROOM = 80 };

struct words {
    int count;
    char **items;
    int next;
};

static const struct option_set *known_sets;
static size_t n_known_sets;

static void make_rows(struct option_reader *r, const struct option_set *sets, size_t n_sets);
static void store_defaults(struct option_reader *r);
static void hand_over(struct option_reader *r, struct option_origin *origins);
static bool read_environment(struct option_reader *r, struct error *err);
static bool read_variable(struct option_row *row, const char *name, const char *text,
                          struct error *err);
static bool read_words(struct option_reader *r, struct words *w, struct option_operands *operands,
                       struct error *err);
static bool step_over(const struct option_reader *r, struct words *w);
static bool read_long(struct option_reader *r, struct words *w, struct error *err);
static bool read_letters(struct option_reader *r, struct words *w, struct error *err);
static bool read_value(struct option_row *row, struct words *w, const char *attached,
                       const char *as_written, struct error *err);
static bool store_word(struct option_row *row, const char *text, const char *as_written,
                       struct error *err);
static const char *full_name(const struct option *o, const char *as_written, char *out);
static struct option_row *find_letter(const struct option_reader *r, char letter);
static bool is_operand(const char *word);

bool
options_read(const struct option_set *sets, size_t n_sets, int argc, char **argv,
             struct option_operands *operands, struct option_origin *origins, struct error *err)
{
    struct option_reader r;
    struct words w = {argc, argv, 1};

    make_rows(&r, sets, n_sets);
    store_defaults(&r);
    bool ok = options_read_files(&r, err) && read_environment(&r, err) &&
              read_words(&r, &w, operands, err);
    hand_over(&r, ok ? origins : NULL);
    return ok;
}

bool
options_read_settings(const struct option_set *sets, size_t n_sets, struct option_origin *origins,
                      struct error *err)
{
    struct option_reader r;

    make_rows(&r, sets, n_sets);
    r.skips_unknown = true;
    store_defaults(&r);
    bool ok = options_read_files(&r, err) && read_environment(&r, err);
    hand_over(&r, ok ? origins : NULL);
    return ok;
}

void
options_known_settings(const struct option_set *sets, size_t n_sets)
{
    known_sets = sets;
    n_known_sets = n_sets;
}

int
options_first_operand(const struct option_set *sets, size_t n_sets, int argc, char **argv)
{
    struct option_reader r;
    struct words w = {argc, argv, 1};

    make_rows(&r, sets, n_sets);
    while (w.next < argc && !is_operand(argv[w.next])) {
        if (strcmp(argv[w.next], "--") == 0) {
            w.next++;
            break;
        }
        if (!step_over(&r, &w))
            w.next = argc;
    }
    free(r.rows);
    return w.next < argc ? w.next : argc;
}

struct option_row *
option_find(const struct option_reader *r, const char *name, size_t len)
{
    for (size_t i = 0; i < r->count; i++) {
        const char *known = r->rows[i].option->name;
        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return &r->rows[i];
    }
    return NULL;
}

const struct option *
option_known_setting(const char *name)
{
    for (size_t s = 0; s < n_known_sets; s++) {
        for (size_t i = 0; i < known_sets[s].count; i++) {
            const struct option *o = &known_sets[s].rows[i];
            if (o->is_setting && strcmp(o->name, name) == 0)
                return o;
        }
    }
    return NULL;
}

static void
make_rows(struct option_reader *r, const struct option_set *sets, size_t n_sets)
{
    size_t count = 0;

    for (size_t s = 0; s < n_sets; s++)
        count += sets[s].count;
    r->rows = mem_array(count, sizeof *r->rows);
    r->count = 0;
    r->skips_unknown = false;
    for (size_t s = 0; s < n_sets; s++) {
        for (size_t i = 0; i < sets[s].count; i++) {
            const struct option *o = &sets[s].rows[i];
            char *target = sets[s].target;
            r->rows[r->count++] =
                (struct option_row){.option = o,
                                    .field = target != NULL ? target + o->offset : NULL,
                                    .origin.option = o};
        }
    }
}

static void
store_defaults(struct option_reader *r)
{
    static const size_t sizes[] = {[OPTION_FLAG] = sizeof(bool),
                                   [OPTION_INTEGER] = sizeof(int64_t),
                                   [OPTION_DURATION] = sizeof(int64_t),
                                   [OPTION_SIZE] = sizeof(int64_t),
                                   [OPTION_TEXT] = sizeof(const char *),
                                   [OPTION_CHOICE] = sizeof(int),
                                   [OPTION_LIST] = sizeof(struct option_list)};

    for (size_t i = 0; i < r->count; i++) {
        struct option_row *row = &r->rows[i];
        memset(row->field, 0, sizes[row->option->type]);
        struct option_given given = {row->option->fallback, RANK_DEFAULT, "default",
                                     row->option->name};
        strcpy(row->origin.origin, "default");
        if (given.text != NULL)
            MUST(option_store(row, &given, NULL));
    }
}

/* The end of a reader. */
static void
hand_over(struct option_reader *r, struct option_origin *origins)
{
    for (size_t i = 0; origins != NULL && i < r->count; i++)
        origins[i] = r->rows[i].origin;
    free(r->rows);
}

static bool
read_environment(struct option_reader *r, struct error *err)
{
    for (size_t i = 0; i < r->count; i++) {
        struct option_row *row = &r->rows[i];
        char name[80];
        if (!row->option->is_setting)
            continue;
        snprintf(name, sizeof name, "CELERIAC_%s", row->option->name);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
        const char *text = getenv(name);
        if (text != NULL && *text != '\0' && !read_variable(row, name, text, err))
            return false;
    }
    return true;
}

static bool
read_variable(struct option_row *row, const char *name, const char *text, struct error *err)
{
    char origin[128], shown[ERROR_MESSAGE_MAX];

    snprintf(origin, sizeof origin, "environment %s", name);
    snprintf(shown, sizeof shown, "%s=%s", name, text);
    struct option_given given = {text, RANK_ENVIRONMENT, origin, shown};
    if (row->option->type != OPTION_LIST)
        return option_store(row, &given, err);
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t len = strcspn(text, " ");
        given.text = option_keep_text(text, len);
        if (!option_store(row, &given, err))
            return false;
        text += len;
    }
    return true;
}

/* ---- the command line ---- */

static bool
read_words(struct option_reader *r, struct words *w, struct option_operands *operands,
           struct error *err)
{
    size_t room = w->count > 1 ? (size_t)w->count : 1;
    const char **items = option_keep(room * sizeof *items);
    size_t count = 0;

    while (w->next < w->count) {
        const char *word = w->items[w->next];
        if (is_operand(word)) {
            items[count++] = word;
            w->next++;
        } else if (strcmp(word, "--") == 0) {
            for (w->next++; w->next < w->count; w->next++)
                items[count++] = w->items[w->next];
        } else if (!(word[1] == '-' ? read_long : read_letters)(r, w, err))
            return false;
    }
    *operands = (struct option_operands){items, count};
    return true;
}

/* Moves past an option and its value without reading it. False if it is unknown. */
static bool
step_over(const struct option_reader *r, struct words *w)
{
    const char *word = w->items[w->next++], *attached = word + 1;
    const struct option_row *row;

    if (word[1] == '-') {
        size_t len = strcspn(word + 2, "=");
        row = option_find(r, word + 2, len);
        attached = word + 2 + len;
    } else {
        do
            row = find_letter(r, *attached++);
        while (row != NULL && row->option->type == OPTION_FLAG && *attached != '\0');
    }
    if (row == NULL)
        return false;
    bool wants_value = row->option->type != OPTION_FLAG && !row->option->value_is_optional;
    if (wants_value && *attached == '\0')
        w->next++;
    return true;
}

static bool
read_long(struct option_reader *r, struct words *w, struct error *err)
{
    const char *word = w->items[w->next++];
    size_t len = strcspn(word + 2, "=");
    char name[80], hint[96];

    snprintf(name, sizeof name, "--%.*s", (int)(len < 64 ? len : 64), word + 2);
    struct option_row *row = option_find(r, word + 2, len);
    if (row == NULL)
        return error_set(err, ERROR_USAGE, "unknown option %s%s", name,
                         option_hint(r, name + 2, false, hint));
    return read_value(row, w, word[2 + len] == '=' ? word + 3 + len : NULL, name, err);
}

/* Flags may be bundled; the first option that takes a value takes what is behind it. */
static bool
read_letters(struct option_reader *r, struct words *w, struct error *err)
{
    const char *word = w->items[w->next++];

    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        char name[] = {'-', *letter, '\0'};
        struct option_row *row = find_letter(r, *letter);
        if (row == NULL)
            return error_set(err, ERROR_USAGE, "unknown option %s%s%s", name,
                             word[2] != '\0' ? " in " : "", word[2] != '\0' ? word : "");
        if (row->option->type != OPTION_FLAG)
            return read_value(row, w, letter[1] != '\0' ? letter + 1 : NULL, name, err);
        if (!store_word(row, "true", name, err))
            return false;
    }
    return true;
}

static bool
read_value(struct option_row *row, struct words *w, const char *attached, const char *as_written,
           struct error *err)
{
    const struct option *o = row->option;
    char full[NAME_ROOM];

    if (attached != NULL)
        return store_word(row, attached, as_written, err);
    if (o->type == OPTION_FLAG)
        return store_word(row, "true", as_written, err);
    if (o->value_is_optional)
        return store_word(row, "", as_written, err);
    if (w->next == w->count)
        return error_set(err, ERROR_USAGE, "%s%s needs a value (%s)", as_written,
                         full_name(o, as_written, full), o->unit != NULL ? o->unit : "VALUE");
    if (!is_operand(w->items[w->next]))
        return error_set(err, ERROR_USAGE, "%s%s needs a value; if it is %s, write --%s=%s",
                         as_written, full_name(o, as_written, full), w->items[w->next], o->name,
                         w->items[w->next]);
    return store_word(row, w->items[w->next++], as_written, err);
}

static bool
store_word(struct option_row *row, const char *text, const char *as_written, struct error *err)
{
    char shown[ERROR_MESSAGE_MAX], full[NAME_ROOM];

    snprintf(shown, sizeof shown, "%s %s%s", as_written, text,
             full_name(row->option, as_written, full));
    struct option_given given = {text, RANK_ARGV, "option", shown};
    return option_store(row, &given, err);
}

/* " (--queue)" behind "-q": a letter alone tells little. `out` holds NAME_ROOM. Returns out. */
static const char *
full_name(const struct option *o, const char *as_written, char *out)
{
    out[0] = '\0';
    if (as_written[1] != '-')
        snprintf(out, NAME_ROOM, " (--%s)", o->name);
    return out;
}

static struct option_row *
find_letter(const struct option_reader *r, char letter)
{
    for (size_t i = 0; i < r->count; i++)
        if (letter != '\0' && r->rows[i].option->letter == letter)
            return &r->rows[i];
    return NULL;
}

/* "-" is a file name; "-5", "-.5" and "-inf" are numbers. */
static bool
is_operand(const char *word)
{
    return word[0] != '-' || word[1] == '\0' || word[1] == '.' ||
           (word[1] >= '0' && word[1] <= '9') || strcmp(word, "-inf") == 0;
}
