/* Supervision. A child that cannot start because of its configuration, or because Redis denies it
 * (exit codes 78, 77), before any child of its kind ever worked will not start next time either:
 * the worker gives up with that code. All other deaths are followed by a restart: at once if it was
 * asked for or if a job is to blame (its crash counter ends the repetition), else after a delay
 * that doubles as long as children die early. */
#include "worker/supervise.h"

#include "common/error.h"

struct supervise_decision
supervise_on_exit(struct supervise_history *h, const struct child_exit *e)
{
    const bool is_early = e->alive_ms < SUPERVISE_SETTLED_MS;

    if (e->was_ready)
        h->was_ever_ready = true;
    if ((e->code == ERROR_CONFIG || e->code == ERROR_DENIED) && !h->was_ever_ready)
        return (struct supervise_decision){.give_up = true, .exit_code = e->code};
    if (!is_early)
        h->early_deaths = 0;
    if (e->was_expected || e->blames_a_job || !is_early)
        return (struct supervise_decision){.restart = true};

    int64_t delay = SUPERVISE_FIRST_DELAY_MS;
    for (unsigned i = 0; i < h->early_deaths && delay < SUPERVISE_MAX_DELAY_MS; i++)
        delay *= 2;
    h->early_deaths++;
    return (struct supervise_decision){
        .restart = true,
        .delay_ms = delay < SUPERVISE_MAX_DELAY_MS ? delay : SUPERVISE_MAX_DELAY_MS};
}
