/* Fuzzing of JSON: what parses prints, and what was printed parses and prints as the same text
 * again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct celeriac_arena *arena = arena_new();
    struct buffer first = BUFFER_INIT, second = BUFFER_INIT;
    struct error err = ERROR_INIT;
    char *text = malloc(size > 0 ? size : 1); /* ends where the sanitizer watches */

    memcpy(text, data, size);
    struct celeriac_value *v = json_parse(arena, text, size, &err);
    if (v == NULL) {
        MUST(err.code == ERROR_DATA && err.message[0] != '\0');
    } else {
        json_print(v, &first);
        MUST(utf8_valid(first.data, first.len));
        struct celeriac_value *again = json_parse(arena, first.data, first.len, &err);
        MUST(again != NULL);
        json_print(again, &second);
        MUST(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    }
    json_print_string(text, size, &second); /* any bytes */
    buffer_clear(&first);
    buffer_clear(&second);
    free(text);
    arena_free(arena);
    return 0;
}
