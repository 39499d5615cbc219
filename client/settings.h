/* Where the broker is, and what goes there: the settings that the library and the program share. */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include "broker/types.h"
#include "common/options.h"

struct client_settings {
    const char *broker, *namespace, *password_file; /* NULL: none */
    int64_t max_message_bytes;                      /* of a job with its arguments */
};

enum { CLIENT_SETTINGS_ROWS = 4 };
extern const struct option client_settings_rows[CLIENT_SETTINGS_ROWS];

/* After options_read: applies REDIS_URL, which stands behind the option and CELERIAC_BROKER and
 * before the files. `origins`: those of the rows above, in their order; changed along. Returns
 * whether a broker is named anywhere. */
bool client_settings_finish(struct client_settings *s, struct option_origin *origins);
/* The same for a program that has no options of its own. */
bool client_settings_read(struct client_settings *s, struct error *err);
/* As the broker wants it; strings are borrowed. */
struct broker_settings client_settings_broker(const struct client_settings *s);

#endif
