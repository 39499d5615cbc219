/* New settings, and modules that can be trusted with them.
 *
 *     SIGHUP --> read the settings --> try their modules --> replace runners one by one
 *                       |                    |                        |
 *                       `--------------------+--- reload_refused -----'
 *
 * When it is refused, the old ones stay: also for runners that are started later, whatever has
 * become of the files meanwhile (client/module_copies.h).
 *
 * Modules are tried in a process of their own (client/module_trial.h), at the start and at each
 * reload: what crashes, exits or hangs in its set-up is refused before a runner meets it. At a
 * reload the master goes on meanwhile; the end of that process is reaped as any other. */
#include <string.h>

#include "client/module_copies.h"
#include "common/log.h"
#include "common/mem.h"
#include "worker/master_state.h"
#include "worker/task_environment.h"

static void take_over(struct master *m, const struct worker_settings *fresh);

static bool
prepare_trial(const void *settings, struct error *err)
{
    return task_environment_set(&((const struct worker_settings *)settings)->broker, err);
}

static struct module_list
modules_of(const struct worker_settings *s)
{
    return (struct module_list){.names = s->modules,
                                .n = s->n_modules,
                                .dir = s->module_dir,
                                .copies = s->copies,
                                .prepare = prepare_trial,
                                .arg = s};
}

/* A copy that lives as long as the process: children that are forked with it may be there until the
 * end. */
static struct worker_settings *
keep_settings(struct master *m, const struct worker_settings *settings)
{
    struct worker_settings *copy = mem_zero(sizeof(*copy));

    *copy = *settings;
    copy->copies = NULL;
    copy->kept = m->kept;
    m->kept = copy;
    return copy;
}

static void
keep_modules(struct worker_settings *s)
{
    s->copies = module_copies_take(s->modules, s->n_modules, s->module_dir);
}

void
modules_release(struct master *m, const struct worker_settings *settings)
{
    for (struct worker_settings *s = m->kept; s != NULL; s = s->kept) {
        if (s != settings)
            continue;
        module_copies_free(s->copies);
        s->copies = NULL;
    }
}

bool
modules_accept(struct master *m, const struct worker_settings *settings, struct error *err)
{
    struct worker_settings *kept = keep_settings(m, settings);

    keep_modules(kept);
    const struct module_list modules = modules_of(kept);
    m->settings = kept;
    return module_trial_run(&modules, MODULE_TRIAL_MS, err);
}

static void
refuse(const struct error *err)
{
    log_event(LOG_ERROR, "reload_refused", "reason=\"%s\"", log_quote(err->message));
}

enum control_result
master_reload(struct master *m)
{
    struct error err = ERROR_INIT;
    const bool is_busy = m->settings_before != NULL || m->tried != NULL;

    if (m->state == WORKER_STOPPING || is_busy) {
        log_event(LOG_WARN, "reload_ignored", "reason=\"%s\"",
                  is_busy ? "one is under way" : "the worker stops");
        return is_busy ? CONTROL_BUSY : CONTROL_STOPPING;
    }
    struct worker_settings *fresh = keep_settings(m, m->settings);
    if (m->settings->reload != NULL && !m->settings->reload(fresh, &err)) {
        refuse(&err);
        return CONTROL_SETTINGS;
    }
    memcpy(fresh->id, m->settings->id, sizeof(fresh->id));
    keep_modules(fresh);
    const struct module_list modules = modules_of(fresh);
    if (!module_trial_start(&m->trial, &modules, MODULE_TRIAL_MS, &err)) {
        modules_release(m, fresh);
        refuse(&err);
        return CONTROL_SETTINGS;
    }
    m->tried = fresh;
    return CONTROL_DONE;
}

void
reload_tried(struct master *m, int status)
{
    const struct worker_settings *fresh = m->tried;
    struct error err = ERROR_INIT;
    const bool is_good = module_trial_end(&m->trial, status, &err);

    m->tried = NULL;
    if (!is_good)
        refuse(&err);
    if (is_good && m->state != WORKER_STOPPING)
        take_over(m, fresh);
    else
        modules_release(m, fresh);
}

void
reload_watch(struct master *m, int64_t now_ms)
{
    if (m->trial.pid != 0 && now_ms >= m->trial.deadline_ms)
        module_trial_kill(&m->trial);
}

/* The steward goes on serving queues that the new settings no longer name: runners with the old
 * ones are still there. */
static void
add_queues(struct worker_settings *to, const struct worker_settings *from)
{
    for (size_t i = 0; i < from->n_queues; i++) {
        size_t at = 0;
        while (at < to->n_queues && strcmp(to->queues[at].name, from->queues[i].name) != 0)
            at++;
        if (at == to->n_queues && at < WORKER_QUEUES_MAX)
            to->queues[to->n_queues++] = from->queues[i];
    }
}

/* From now on new runners get the fresh settings, and one by one they take the place of the old. */
static void
take_over(struct master *m, const struct worker_settings *fresh)
{
    m->settings_before = m->settings;
    m->settings = fresh;
    struct worker_settings *steward = keep_settings(m, fresh);
    add_queues(steward, m->steward_settings);
    m->steward_settings = steward;
    m->wanted_before = m->wanted;
    if (m->settings_before->processes != fresh->processes)
        m->wanted = fresh->processes;
    for (size_t i = 0; i < MASTER_RUNNERS_MAX; i++)
        m->runners[i].is_stale = m->runners[i].pid != 0;
    m->next_start_ms = 0;
    log_event(LOG_INFO, "reloading", "processes=%u", m->wanted);
}
