/* The task command: what a program gets, what becomes of its output, and that nothing of it is left
 * behind, however it ends. The lists of programs are written by the tests; the example's own list
 * is run as well. */
#include "tests/unit/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static struct celeriac_testing *command;
static char directory[] = "/tmp/celeriac-command-XXXXXX";
static char list_path[64], fifo_path[64];

static const char list[] = "# for the tests\n"
                           "[sh]\n"
                           "program = /bin/sh -c  # any script\n"
                           "variables = WORD  OTHER\n"
                           "\n"
                           "[cat]\n"
                           "program = /bin/cat\n"
                           "[brief]\n"
                           "program = /bin/sh -c\n"
                           "timeout = 200ms\n"
                           "directory = /usr\n"
                           "[small]\n"
                           "program = /usr/bin/env \"python3\" -c\n"
                           "memory = 200M\n"
                           "[not-a-program]\n"
                           "program = ./fake\n";

static void
write_file(const char *path, const char *text, unsigned mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int
setup(void **state)
{
    char fake[64];
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(list_path, sizeof(list_path), "%s/list", directory);
    snprintf(fifo_path, sizeof(fifo_path), "%s/fifo", directory);
    snprintf(fake, sizeof(fake), "%s/fake", directory);
    write_file(list_path, list, 0600);
    write_file(fake, "\177ELF is not enough", 0700);
    assert_int_equal(mkfifo(fifo_path, 0600), 0);
    setenv("CELERIAC_COMMANDS", list_path, 1);
    setenv("SECRET", "in the worker's environment", 1);
    signal(SIGPIPE, SIG_IGN); /* as in a worker */
    command = open_module("command");
    return 0;
}

static int
teardown(void **state)
{
    static const char *const names[] = {"list", "fake", "fifo", "bad"};
    char path[128];
    (void)state;
    celeriac_testing_free(command);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
    }
    return rmdir(directory);
}

static void
gives(const char *args, const char *kwargs, const char *expected)
{
    assert_result(command, "command", args, kwargs, expected);
}

static void
fails(const char *args, const char *type, const char *part, bool is_final)
{
    const struct celeriac_testing_end end = celeriac_testing_run(command, "command", args, NULL);
    assert_int_equal(end.outcome, CELERIAC_FAILURE);
    assert_string_equal(end.error_type, type);
    if (strstr(end.error_message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", end.error_message, part);
    assert_null(strchr(end.error_message, '\n'));
    assert_int_equal(end.is_final, is_final);
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool
lives(pid_t pid)
{
    return kill(pid, 0) == 0 || errno != ESRCH;
}

static void
output_is_json_or_text(void **state)
{
    (void)state;
    gives("[\"sh\",[\"echo '{\\\"a\\\": [1, 2.5]}'\"]]", NULL, "{\"a\":[1,2.5]}");
    gives("[\"sh\",[\"echo 123456789012345678901234567890\"]]", NULL,
          "123456789012345678901234567890");
    gives("[\"sh\",[\"echo two; echo lines\"]]", NULL, "\"two\\nlines\"");
    gives("[\"sh\",[\":\"]]", NULL, "\"\"");
    gives("[\"sh\",[\"printf '\\\\303\\\\244'\"]]", NULL, "\"\303\244\"");
    gives("[\"sh\",[\"printf '\\\\377\\\\376'\"]]", NULL, "{\"$binary\":\"//4=\"}");
}

static void
input_arrives_whole(void **state)
{
    (void)state;
    gives("[\"cat\"]", "{\"stdin\":\"some text\"}", "\"some text\"");
    gives("[\"cat\"]", "{\"stdin\":{\"n\":[1,null]}}", "{\"n\":[1,null]}");
    gives("[\"cat\"]", "{\"stdin\":{\"$binary\":\"AP8=\"}}", "{\"$binary\":\"AP8=\"}");
    gives("[\"cat\"]", NULL, "\"\"");
    gives("[\"sh\",[\"echo 1\"]]", "{\"stdin\":\"never read\"}", "1");
    enum { LONG = 3 * 1024 * 1024 };
    char *kwargs = malloc(LONG + 64);
    assert_non_null(kwargs);
    strcpy(kwargs, "{\"stdin\":\"");
    memset(kwargs + 10, 'x', LONG);
    strcpy(kwargs + 10 + LONG, "\"}");
    const struct celeriac_testing_end end =
        celeriac_testing_run(command, "command", "[\"cat\"]", kwargs);
    assert_int_equal(end.outcome, CELERIAC_SUCCESS);
    assert_int_equal(strlen(end.result), LONG + 2);
    free(kwargs);
}

static void
arguments_are_not_seen_by_a_shell(void **state)
{
    (void)state;
    gives("[\"sh\",[\"printf '%s;' \\\"$@\\\"\",\"x\",\"a b\",\"$(id)\",\"'\",7,2.5,true,[1]]]",
          NULL, "\"a b;$(id);';7;2.5;true;[1];\"");
}

static void
environment_is_clean(void **state)
{
    (void)state;
    gives("[\"sh\",[\"env | cut -d= -f1 | grep -v -e PWD -e SHLVL -e '^_$' | sort | tr '\\\\n' ' "
          "'\"]]",
          NULL, "\"CELERIAC_ATTEMPT CELERIAC_JOB_ID LANG PATH \"");
    gives("[\"sh\",[\"echo $WORD-$OTHER-$SECRET\"]]", "{\"env\":{\"WORD\":\"a b\",\"OTHER\":5}}",
          "\"a b-5-\"");
}

static void
nothing_else_is_inherited(void **state)
{
    (void)state;
    const int open_here = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
    gives("[\"sh\",[\"exec ls /proc/self/fd\"]]", NULL, "\"0\\n1\\n2\\n3\"");
    /* glibc's own signals 32 and 33 are out of reach; GNU make may start us with either ignored */
    gives("[\"sh\",[\"grep -cE 'SigBlk:.0*$|SigIgn:.0*(1?80000000|100000000)?$' "
          "/proc/self/status\"]]",
          NULL, "2");
    gives("[\"brief\",[\"pwd; ulimit -c\"]]", NULL, "\"/usr\\n0\"");
    close(open_here);
}

static void
failures_tell_what_happened(void **state)
{
    (void)state;
    fails("[\"sh\",[\"echo first >&2; echo second >&2; exit 3\"]]", "exit_code",
          "command sh: exit code 3: first | second", false);
    fails("[\"sh\",[\"exit 64\"]]", "exit_code", "command sh: exit code 64", true);
    fails("[\"sh\",[\"kill -SEGV $$\"]]", "signal", "killed by signal 11 (SEGV)", false);
    fails("[\"sh\",[\"kill -KILL $$\"]]", "signal", "killed by signal 9 (KILL)", false);
    fails("[\"sh\",[\"yes x | head -c 9998 >&2; printf '\\\\377\\\\n' >&2; exit 1\"]]", "exit_code",
          "x | ?", false);
    fails("[\"not-a-program\"]", "not_started", "fake cannot be started: Exec format error", false);
}

static void
what_is_not_allowed_is_refused(void **state)
{
    (void)state;
    fails("[\"/bin/sh\",[\"-c\",\"id\"]]", "not_allowed", "/bin/sh: not in the list", true);
    fails("[\"sh\",[\":\"],null,{\"LD_PRELOAD\":\"x\"}]", "not_allowed", "may not set LD_PRELOAD",
          true);
    fails("[\"sh\",[\"a\\u0000b\"]]", "invalid_arguments", "argument 1 holds a NUL", true);
    fails("[\"sh\",\"ls\"]", "invalid_arguments", "arguments = \"ls\": expected array", true);
    fails("[]", "invalid_arguments", "name is missing", true);
    char *args = malloc(300 * 1024);
    assert_non_null(args);
    strcpy(args, "[\"sh\",[\"");
    memset(args + 8, 'x', 250 * 1024);
    strcpy(args + 8 + 250 * 1024, "\"]]");
    fails(args, "invalid_arguments", "too long for the kernel", true);
    free(args);
}

static void
limits_hold(void **state)
{
    (void)state;
    const double start = now();
    fails("[\"brief\",[\"echo busy >&2; sleep 100\"]]", "timeout", "killed after 0.2 s: busy",
          false);
    fails("[\"brief\",[\"sleep 100\"],null,{},1000]", "timeout", "killed after 0.2 s", false);
    fails("[\"sh\",[\"trap '' TERM; sleep 100\"],null,{},0.05]", "timeout", "after 0.05 s", false);
    fails("[\"sh\",[\"yes\"]]", "output_too_large", "bytes of output", true);
    assert_true(now() - start < 20);
    fails("[\"small\",[\"bytearray(10**9)\"]]", "exit_code", "MemoryError", false);
    gives("[\"small\",[\"import resource as r; print(r.getrlimit(r.RLIMIT_AS)[0])\"]]", NULL,
          "209715200");
    gives("[\"small\",[\"import resource as r; print(r.getrlimit(r.RLIMIT_AS)[0])\"]]",
          "{\"memory\":100000000}", "100000000");
}

/* The children leave the program's process group, and one of them its session. */
static void
nothing_outlives_the_program(void **state)
{
    (void)state;
    static const char args[] = "[\"sh\",[\"sleep 1000 & echo [$!; setsid sleep 1000 & echo ,$!; "
                               "(setsid sh -c 'echo ,$$]; exec sleep 1000' &) ; sleep 0.1\"]]";
    const double start = now();
    const struct celeriac_testing_end end = celeriac_testing_run(command, "command", args, NULL);
    int pids[3] = {0};
    assert_int_equal(end.outcome, CELERIAC_SUCCESS);
    assert_int_equal(sscanf(end.result, "[%d,%d,%d]", &pids[0], &pids[1], &pids[2]), 3);
    for (int i = 0; i < 3; i++)
        assert_false(lives(pids[i]));
    assert_true(now() - start < 20);
}

/* What the program wrote into the fifo: the number of a process. */
static pid_t
read_pid(void)
{
    int pid = 0;
    FILE *f = fopen(fifo_path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    fclose(f);
    return pid;
}

static const char *
endless(char *args, size_t size)
{
    snprintf(args, size, "[\"sh\",[\"setsid sh -c 'echo $$ >%s; exec sleep 1000' & sleep 1000\"]]",
             fifo_path);
    return args;
}

struct cancel {
    pid_t descendant;
    double at;
};

static void *
cancel_when_it_writes(void *arg)
{
    struct cancel *c = arg;
    c->descendant = read_pid();
    c->at = now();
    celeriac_testing_cancel(command, true);
    return NULL;
}

static void
cancelling_kills_it_and_its_children(void **state)
{
    (void)state;
    char args[256];
    struct cancel c = {0, 0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_when_it_writes, &c), 0);
    const struct celeriac_testing_end end =
        celeriac_testing_run(command, "command", endless(args, sizeof(args)), NULL);
    const double ended = now();
    pthread_join(thread, NULL);
    celeriac_testing_cancel(command, false);
    assert_int_equal(end.outcome, CELERIAC_CANCELLED);
    assert_false(lives(c.descendant));
    print_message("cancelled within %.0f ms\n", (ended - c.at) * 1e3);
    assert_true(ended - c.at < 1);
}

static void
it_dies_with_the_process_that_runs_it(void **state)
{
    (void)state;
    char args[256];
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t runner = fork();
    if (runner == 0) {
        (void)celeriac_testing_run(command, "command", endless(args, sizeof(args)), NULL);
        _exit(0);
    }
    const pid_t descendant = read_pid();
    const double start = now();
    assert_true(lives(descendant));
    kill(runner, SIGKILL);
    assert_int_equal(waitpid(runner, NULL, 0), runner);
    while (lives(descendant) && now() - start < 10)
        sched_yield();
    assert_false(lives(descendant));
    assert_true(waitpid(-1, NULL, 0) > 0); /* the keeper, which nobody else waits for */
}

struct thread {
    struct celeriac_testing *testing;
    int number;
    bool is_good;
};

static void *
run_many(void *arg)
{
    struct thread *t = arg;
    t->is_good = true;
    for (int i = 0; i < 40 && t->is_good; i++) {
        char args[64], expected[32];
        snprintf(args, sizeof(args), "[\"sh\",[\"echo %d\"]]", 1000 * t->number + i);
        snprintf(expected, sizeof(expected), "%d", 1000 * t->number + i);
        const struct celeriac_testing_end end =
            celeriac_testing_run(t->testing, "command", args, NULL);
        t->is_good = end.outcome == CELERIAC_SUCCESS && strcmp(end.result, expected) == 0;
    }
    return NULL;
}

static void
threads_run_programs_side_by_side(void **state)
{
    (void)state;
    struct thread threads[2];
    pthread_t ids[2];
    for (int i = 0; i < 2; i++)
        threads[i] = (struct thread){open_module("command"), i + 1, false};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, run_many, &threads[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(ids[i], NULL);
    for (int i = 0; i < 2; i++) {
        assert_true(threads[i].is_good);
        celeriac_testing_free(threads[i].testing);
    }
}

/* Every list in a process of its own: the module keeps what it read. */
static void
lists_that_are_wrong_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list, *part;
    } bad[] = {
        {"program = /bin/sh\n", "bad:1: program stands before the first [name]"},
        {"[a]\n[b]\nprogram = /bin/sh\n", "bad:2: [a] has no program"},
        {"[a]\nprogram = /bin/sh\n\n[a]\n", "bad:4: [a] is there twice"},
        {"[a]\nprogram = sh\n", "bad:2: sh: expected an absolute path"},
        {"[a]\nprogram = /no/such/file\n", "bad:2: /no/such/file: No such file or directory"},
        {"[a]\nprogram = /bin/sh \"x\n", "bad:2: a quote is not closed"},
        {"[a]\nprogram = /bin/sh\nprogram = /bin/cat\n", "bad:3: given twice"},
        {"[a]\nprogram =\n", "bad:2: nothing behind the ="},
        {"[a]\nprogram = /bin/sh\ntimeout = soon\n", "bad:3: soon: expected a number with a unit"},
        {"[a]\nprogram = /bin/sh\nmemory = 0\n", "bad:3: 0: expected a number"},
        {"[a]\nprogram = /bin/sh\nmemroy = 1G\n", "bad:3: memroy: expected program, variables"},
        {"[a\n", "bad:1: expected [NAME]"},
        {"[a]\nfoo\n", "bad:2: expected NAME = VALUE"},
        {"[a]\n", "[a] has no program"},
    };
    char path[128], module[4200], why[512];
    celeriac_testing_free(command);
    snprintf(path, sizeof(path), "%s/bad", directory);
    snprintf(module, sizeof(module), "%s/command.so", modules_directory());
    setenv("CELERIAC_COMMANDS", path, 1);
    assert_null(celeriac_testing_load(module, why, sizeof(why)));
    assert_non_null(strstr(why, "bad: No such file or directory"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_file(path, bad[i].list, 0600);
        assert_null(celeriac_testing_load(module, why, sizeof(why)));
        if (strstr(why, bad[i].part) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", why, bad[i].part);
    }
    unsetenv("CELERIAC_COMMANDS");
    command = open_module("command");
    fails("[\"sh\",[\"id\"]]", "not_allowed", "CELERIAC_COMMANDS", true);
}

/* examples/commands beside this file's tests/. */
static void
the_examples_run(void **state)
{
    (void)state;
    char path[4096];
    celeriac_testing_free(command);
    const int len = (int)(strrchr(__FILE__, '/') - __FILE__);
    snprintf(path, sizeof(path), "%.*s/../../examples/commands/commands.conf", len, __FILE__);
    setenv("CELERIAC_COMMANDS", path, 1);
    command = open_module("command");
    gives("[\"describe\"]", "{\"stdin\":[1,2,3,4,100]}",
          "{\"n\":5,\"mean\":22,\"median\":3,\"deviation\":39.01281840626232}");
    fails("[\"describe\",[],[]]", "exit_code", "exit code 65: no numbers", true);
    fails("[\"describe\",[],\"x\"]", "exit_code", "expected a JSON array of numbers", false);
    gives("[\"top-words\",[2]]", "{\"stdin\":\"The cat. the dog; THE cat\"}",
          "[[\"the\",3],[\"cat\",2]]");
    fails("[\"top-words\",[\"many\"]]", "exit_code", "usage: top-words [N]", true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_is_json_or_text),
        cmocka_unit_test(input_arrives_whole),
        cmocka_unit_test(arguments_are_not_seen_by_a_shell),
        cmocka_unit_test(environment_is_clean),
        cmocka_unit_test(nothing_else_is_inherited),
        cmocka_unit_test(failures_tell_what_happened),
        cmocka_unit_test(what_is_not_allowed_is_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(nothing_outlives_the_program),
        cmocka_unit_test(cancelling_kills_it_and_its_children),
        cmocka_unit_test(it_dies_with_the_process_that_runs_it),
        cmocka_unit_test(threads_run_programs_side_by_side),
        cmocka_unit_test(lists_that_are_wrong_are_refused),
        cmocka_unit_test(the_examples_run),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
