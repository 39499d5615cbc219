/* The states of a job and their names. The numbers stand in outcomes in Redis: they never change.
 */
#include "common/message.h"

#include <string.h>

static const struct {
    const char *name;
    bool is_final;
} states[] = {
    [JOB_UNKNOWN] = {"unknown", false},    [JOB_DELAYED] = {"delayed", false},
    [JOB_QUEUED] = {"queued", false},      [JOB_RUNNING] = {"running", false},
    [JOB_SUCCESS] = {"success", true},     [JOB_FAILURE] = {"failure", true},
    [JOB_CANCELLED] = {"cancelled", true}, [JOB_EXPIRED] = {"expired", true},
    [JOB_DEAD] = {"dead", true},
};

enum { N_STATES = sizeof states / sizeof *states };

_Static_assert(JOB_SUCCESS == 4 && JOB_DEAD == 8, "the numbers are part of the protocol");

const char *
job_state_name(enum job_state state)
{
    MUST((size_t)state < N_STATES);
    return states[state].name;
}

bool
job_state_parse(const char *name, enum job_state *state)
{
    for (size_t i = 0; i < N_STATES; i++) {
        if (strcmp(states[i].name, name) == 0) {
            *state = (enum job_state)i;
            return true;
        }
    }
    return false;
}

bool
job_state_is_final(enum job_state state)
{
    return (size_t)state < N_STATES && states[state].is_final;
}
