/* What Enter shows. */
#ifndef CLIENT_CLI_TOP_DETAILS_H
#define CLIENT_CLI_TOP_DETAILS_H

#include "client/cli/top_layout.h"

/* A queue's limits and counters, or a job's fields and what `explain` says of it; lines, each
 * ended. What goes wrong is the text instead. */
void top_details(struct broker *b, enum top_kind kind, const char *name, struct buffer *out);

#endif
