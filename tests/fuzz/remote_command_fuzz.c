/* Fuzzing of the control channel: whatever is taken can be written again from what was read, byte
 * for byte, unless it was an unknown command. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "worker/remote_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct remote_command c;
    char again[2 * REMOTE_COMMAND_MAX], number[16] = "";
    char *text = malloc(size > 0 ? size : 1); /* ends where the sanitizer watches */

    memcpy(text, data, size);
    if (remote_command_read(text, size, &c) && c.verb != REMOTE_UNKNOWN) {
        if (c.verb == REMOTE_SCALE)
            snprintf(number, sizeof(number), " %u", (unsigned)c.number);
        int len = snprintf(again, sizeof(again), "%s%s%s%s", remote_verb_name(c.verb), number,
                           c.token[0] != '\0' ? " ack " : "", c.token);
        MUST((size_t)len == size && memcmp(again, text, size) == 0);
    }
    free(text);
    return 0;
}
