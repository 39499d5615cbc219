/* See recovery.h. */
#include "broker/recovery.h"

#include "broker/outcome_state.h"

void
recovery_write(struct request *out, const char *space, const char *queue,
               const struct broker_recovery *r, const char *counter)
{
    static const enum queue_key more[] = {QUEUE_JOBS,  QUEUE_SUSPECTS, QUEUE_DEAD,    QUEUE_REASONS,
                                          QUEUE_STATS, QUEUE_BELL,     QUEUE_WAITERS, QUEUE_UNIQUE};
    static const enum queue_key permits[] = {QUEUE_PERMITS, QUEUE_BARRED};
    struct buffer dead = BUFFER_INIT;
    struct key key;
    outcome_bare(JOB_DEAD, &dead);
    key_of_queue(&key, space, queue, QUEUE_WORKERS);
    request_key(out, &key);
    key_active(&key, space, queue, r->runner);
    request_key(out, &key);
    request_queue_keys(out, space, queue, more, sizeof more / sizeof more[0]);
    request_ready_keys(out, space, queue);
    request_queue_keys(out, space, queue, permits, 2);
    request_text(out, r->worker);
    request_text(out, r->runner);
    request_text(out, r->expected != NULL ? r->expected : "");
    request_number(out, r->max_crashes);
    request_number(out, r->max_lost);
    if (r->lost_outcome != NULL)
        request_arg(out, r->lost_outcome, r->lost_len);
    else
        request_arg(out, dead.data, dead.len);
    request_number(out, DEAD_LETTERS_MAX);
    request_number(out, DEAD_LETTER_AGE_MS);
    request_text(out, counter);
    for (size_t i = 0; i < r->n_victims; i++) {
        const struct broker_victim *v = &r->victims[i];
        request_arg(out, v->id.text, v->id.len);
        request_text(out, v->charge == VICTIM_CRASHED ? "crash" : "suspect");
        if (v->outcome != NULL)
            request_arg(out, v->outcome, v->len);
        else
            request_arg(out, dead.data, dead.len);
    }
    buffer_clear(&dead);
}
