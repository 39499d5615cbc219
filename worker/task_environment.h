/* Where tasks find the broker of their worker, should they submit jobs of their own. */
#ifndef WORKER_TASK_ENVIRONMENT_H
#define WORKER_TASK_ENVIRONMENT_H

#include "broker/types.h"

/* Sets CELERIAC_BROKER, CELERIAC_NAMESPACE and CELERIAC_PASSWORD_FILE, so that
 * celeriac_connect(NULL) in this process reaches the same broker with the same names, wherever the
 * worker's settings came from. Before there are threads. */
bool task_environment_set(const struct broker_settings *broker, struct error *err);

#endif
