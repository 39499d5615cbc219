/* The sources themselves are arrays that broker/embed.cmake generates, one object per file in
 * broker/lua/: string literals would be cut at 4,095 bytes by the standard. The SHA-1 that Redis
 * knows a script by is computed then, too, so nothing has to be asked before the first EVALSHA. */
#include "broker/scripts.h"

#include "common/error.h"

#define SCRIPT_DECLARE(name, file) extern const struct script_source script_source_##file;
SCRIPT_TABLE(SCRIPT_DECLARE)

const struct script_source *
script_source(enum script script)
{
#define SCRIPT_ADDRESS(name, file) [name] = &script_source_##file,
    static const struct script_source *const sources[] = {SCRIPT_TABLE(SCRIPT_ADDRESS)};
    MUST(script < SCRIPT_COUNT);
    return sources[script];
}
