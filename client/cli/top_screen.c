/* Escape sequences that every terminal since the VT100 knows; what only newer ones know (the other
 * screen, colours) is ignored by it. So no library and no terminfo are needed, and what gives the
 * terminal back is one write(2) and one tcsetattr(3), which a signal handler may do.
 *
 * INT, TERM, HUP, QUIT and faults are answered in the handler, wherever the program is, also while
 * it waits for Redis. WINCH, TSTP and CONT are let in only while it waits for keys.
 *
 * File-static variables: a signal handler has no other way to its data. */
#include "client/cli/top_screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "client/cli/top_pen.h"
#include "common/buffer.h"

/* The other screen, no cursor, no new line behind the last column; all empty. */
static const char enter_text[] = "\033[?1049h\033[?25l\033[?7l\033[m\033[H\033[2J";
static const char leave_text[] = "\033[m\033[H\033[2J\033[?7h\033[?25h\033[?1049l";
static const char *const plain_styles[TOP_STYLES] = {
    [TOP_PLAIN] = "\033[m",   [TOP_TITLE] = "\033[7m", [TOP_SELECTED] = "\033[7m",
    [TOP_STRONG] = "\033[1m", [TOP_GOOD] = "",         [TOP_BUSY] = "",
    [TOP_BAD] = "\033[1m"};
static const char *const color_styles[TOP_STYLES] = {
    [TOP_PLAIN] = "\033[m",           [TOP_TITLE] = "\033[m\033[30;46m",
    [TOP_SELECTED] = "\033[m\033[7m", [TOP_STRONG] = "\033[1m",
    [TOP_GOOD] = "\033[m\033[32m",    [TOP_BUSY] = "\033[m\033[33m",
    [TOP_BAD] = "\033[m\033[1;31m"};

static struct termios before, during;
static volatile sig_atomic_t is_ours, wants_stop, was_continued;
static const char *const *styles = plain_styles;
static struct buffer shown; /* what stands on the screen; empty: not known */

static void catch (int number, void (*handler)(int), int flags);
static void catch_signals(void);
static void take(void);
static void give_back(void);
static void stop(void);
static void on_end(int number);
static void on_fault(int number);
static void on_stop(int number);
static void on_continue(int number);
static void on_size(int number);
static void write_line(struct buffer *out, int row, const char *line, size_t len);
static void write_all(const char *data, size_t len);

bool
top_screen_open(bool has_colors, struct error *err)
{
    const char *term = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        return error_set(err, ERROR_USAGE,
                         "std%s is no terminal: --once and --json print what there is",
                         isatty(STDIN_FILENO) ? "out" : "in");
    }
    if (!term || !*term || strcmp(term, "dumb") == 0) {
        return error_set(err, ERROR_USAGE,
                         "TERM \"%s\": expected a terminal that can move its cursor; --once and "
                         "--json print what there is",
                         term ? term : "");
    }
    if (tcgetattr(STDIN_FILENO, &before) < 0) {
        return error_set_errno(err, ERROR_USAGE, "the terminal cannot be asked for its settings");
    }
    during = before;
    during.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    during.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    during.c_cc[VMIN] = 0;
    during.c_cc[VTIME] = 0;
    styles = has_colors ? color_styles : plain_styles;
    catch_signals();
    take();
    return true;
}

void
top_screen_close(void)
{
    give_back();
    buffer_clear(&shown);
}

void
top_screen_size(int *columns, int *rows)
{
    struct winsize size;
    bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row;

    *columns = is_known ? size.ws_col : 80;
    *rows = is_known ? size.ws_row : 24;
}

void
top_screen_show(const char *text, size_t len)
{
    struct buffer out = BUFFER_INIT;
    const char *old = shown.data, *old_end = shown.data + shown.len;
    int row = 0;

    if (shown.len == 0) {
        buffer_append_text(&out, "\033[m\033[2J");
    }
    for (const char *line = text; line < text + len; row++) {
        size_t n = (size_t)((const char *)memchr(line, '\n', (size_t)(text + len - line)) - line);
        size_t old_n = 0;
        if (old < old_end) {
            old_n = (size_t)((const char *)memchr(old, '\n', (size_t)(old_end - old)) - old);
        }
        if (old >= old_end || old_n != n || memcmp(old, line, n) != 0) {
            write_line(&out, row, line, n);
        }
        old += old < old_end ? old_n + 1 : 0;
        line += n + 1;
    }
    for (; old < old_end; old = (const char *)memchr(old, '\n', (size_t)(old_end - old)) + 1) {
        write_line(&out, row++, "", 0);
    }
    write_all(out.data, out.len);
    buffer_clear(&out);
    shown.len = 0;
    buffer_append(&shown, text, len);
}

void
top_screen_forget(void)
{
    shown.len = 0;
}

int
top_screen_wait(int timeout_ms, char *bytes, size_t size)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    sigset_t mask;
    ssize_t n;
    int ready;

    sigprocmask(SIG_SETMASK, NULL, &mask);
    sigdelset(&mask, SIGWINCH);
    sigdelset(&mask, SIGTSTP);
    sigdelset(&mask, SIGCONT);
    ready = ppoll(&fd, 1, &timeout, &mask);
    if (wants_stop) {
        stop();
    }
    if (was_continued) {
        was_continued = 0;
        take();
    }
    if (ready <= 0 || size == 0) {
        return 0;
    }
    n = read(STDIN_FILENO, bytes, size);
    if (n == 0) {
        return fd.revents & (POLLHUP | POLLERR) ? -1 : 0;
    }
    return n > 0 ? (int)n : errno == EINTR || errno == EAGAIN ? 0 : -1;
}

static void catch (int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void
catch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    static const int faults[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGWINCH);
    sigaddset(&held, SIGTSTP);
    sigaddset(&held, SIGCONT);
    sigprocmask(SIG_BLOCK, &held, NULL);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        catch (ends[i], on_end, 0);
    }
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        catch (faults[i], on_fault, SA_RESETHAND);
    }
    catch (SIGTSTP, on_stop, 0);
    catch (SIGCONT, on_continue, 0);
    catch (SIGWINCH, on_size, 0);
}

static void
take(void)
{
    is_ours = 1;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &during);
    write_all(enter_text, sizeof enter_text - 1);
    shown.len = 0;
}

/* Also in signal handlers. */
static void
give_back(void)
{
    if (is_ours) {
        is_ours = 0;
        write_all(leave_text, sizeof leave_text - 1);
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    }
}

/* As the shell expects it: the terminal is given back, then we stop by the signal's own effect. */
static void
stop(void)
{
    sigset_t set, old;

    wants_stop = 0;
    give_back();
    catch (SIGTSTP, SIG_DFL, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, &old);
    raise(SIGTSTP); /* returns when we are continued */
    sigprocmask(SIG_SETMASK, &old, NULL);
    catch (SIGTSTP, on_stop, 0);
    was_continued = 1;
}

static void
on_end(int number)
{
    give_back();
    _exit(128 + number);
}

/* Its handler is gone already: it takes its effect when it is let in again. */
static void
on_fault(int number)
{
    give_back();
    raise(number);
}

static void
on_stop(int number)
{
    (void)number;
    wants_stop = 1;
}

static void
on_continue(int number)
{
    (void)number;
    was_continued = 1;
}

static void
on_size(int number)
{
    (void)number; /* it has ended the wait */
    shown.len = 0;
}

static void
write_line(struct buffer *out, int row, const char *line, size_t len)
{
    char to[] = "\033[000;1H";
    int number = row + 1;

    for (int i = 4; i > 1; i--, number /= 10) {
        to[i] = (char)('0' + number % 10);
    }
    buffer_append_text(out, to);
    buffer_append_text(out,
                       "\033[m\033[K"); /* before the text: behind a full line it takes the last */
    for (size_t i = 0; i < len; i++) {
        if (line[i] > 0 && line[i] < TOP_STYLES) {
            buffer_append_text(out, styles[(int)line[i]]);
        } else {
            buffer_append_char(out, line[i]);
        }
    }
}

/* A terminal that is gone is noticed when keys are read. */
static void
write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, data, len);
        if (n < 0 && errno != EINTR) {
            return;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}
