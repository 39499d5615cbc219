/* Is a file worth being given to the dynamic linker? */
#ifndef CLIENT_MODULE_FILE_H
#define CLIENT_MODULE_FILE_H

#include "common/error.h"

/* ERROR_CONFIG: it is cut short; `err` says so without naming the path. What else can be wrong with
 * it, dlopen says itself. */
bool module_file_check(const char *path, struct error *err);

#endif
