/* Lines of input. A pipe may give a line now and the next one in a minute; results must not wait
 * for that, so nothing here blocks unless it is told to. A line that is too long is given out once,
 * by its beginning, and its rest is skipped. */
#include "client/cli/map_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"

enum { READ_SIZE = 256 << 10 };

static bool take_line(struct map_input *in, struct map_line *line);
static void give(struct map_input *in, size_t len, size_t consumed, struct map_line *line);
static void make_room(struct map_input *in);
static ssize_t read_more(struct map_input *in);

bool
map_input_open(struct map_input *in, const char *path, struct error *err)
{
    struct stat st;

    *in = (struct map_input){.fd = STDIN_FILENO, .line_max = MAP_LINE_MAX};
    if (path && strcmp(path, "-") != 0) {
        in->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (in->fd < 0) {
            return error_set_errno(err, ERROR_NOT_FOUND, "%s", path);
        }
    }
    if (fstat(in->fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        map_input_close(in);
        return error_set(err, ERROR_NOT_FOUND, "%s: expected a file", path ? path : "stdin");
    }
    in->is_regular = S_ISREG(st.st_mode);
    in->size = in->is_regular ? (uint64_t)st.st_size : 0;
    return true;
}

void
map_input_close(struct map_input *in)
{
    if (in->fd > STDERR_FILENO) {
        close(in->fd);
    }
    free(in->data);
    in->data = NULL;
    in->fd = -1;
}

enum map_input_status
map_input_next(struct map_input *in, bool may_wait, struct map_line *line, struct error *err)
{
    for (;;) {
        struct pollfd p = {.fd = in->fd, .events = POLLIN};
        ssize_t n;

        if (take_line(in, line)) {
            return MAP_INPUT_LINE;
        }
        if (in->is_at_end) {
            return MAP_INPUT_END;
        }
        if (!in->is_regular && poll(&p, 1, may_wait ? -1 : 0) == 0) {
            return MAP_INPUT_NOTHING;
        }
        make_room(in);
        n = read_more(in);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !may_wait) {
            return MAP_INPUT_NOTHING;
        }
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            error_set_errno(err, ERROR_INTERNAL, "cannot read the input");
            return MAP_INPUT_FAILED;
        }
    }
}

static bool
take_line(struct map_input *in, struct map_line *line)
{
    for (;;) {
        size_t have = in->end - in->begin;
        const char *newline =
            have > in->looked ? memchr(in->data + in->begin + in->looked, '\n', have - in->looked)
                              : NULL;
        size_t len = newline ? (size_t)(newline - (in->data + in->begin)) : have;
        bool is_end = newline || (in->is_at_end && have > 0);

        in->looked = newline ? 0 : have;
        if (in->is_skipping) {
            in->begin += len + (newline ? 1 : 0);
            in->bytes_out += len + (newline ? 1 : 0);
            in->looked = 0;
            in->is_skipping = !newline;
            if (newline) {
                continue;
            }
            return false;
        }
        if (len > in->line_max) {
            give(in, in->line_max, in->line_max, line);
            line->is_too_long = true;
            in->is_skipping = true;
            return true;
        }
        if (is_end) {
            give(in, len, len + (newline ? 1 : 0), line);
        }
        return is_end;
    }
}

static void
give(struct map_input *in, size_t len, size_t consumed, struct map_line *line)
{
    *line = (struct map_line){.text = in->data + in->begin, .len = len, .number = ++in->line};
    in->begin += consumed;
    in->bytes_out += consumed;
    in->looked = 0;
}

static void
make_room(struct map_input *in)
{
    if (in->begin > 0) {
        memmove(in->data, in->data + in->begin, in->end - in->begin);
        in->end -= in->begin;
        in->begin = 0;
    }
    if (in->room - in->end < READ_SIZE) {
        in->room = in->end + READ_SIZE > 2 * in->room ? in->end + READ_SIZE : 2 * in->room;
        in->data = mem_grow(in->data, in->room, 1);
    }
}

static ssize_t
read_more(struct map_input *in)
{
    ssize_t n;

    do {
        n = read(in->fd, in->data + in->end, in->room - in->end);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        in->end += (size_t)n;
    }
    in->is_at_end = n == 0;
    return n;
}
