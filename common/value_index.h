/* Index of an object's keys: a hash table over the entries, so that objects with many keys are
 * built and searched in linear time, also when somebody hostile chose the keys. Private to value.c.
 */
#ifndef COMMON_VALUE_INDEX_H
#define COMMON_VALUE_INDEX_H

#include "common/value.h"

/* (Re)builds object->slots for object->capacity, a power of two; the old slots stay in the arena.
 */
void value_index_build(struct celeriac_value *object);
/* Enters the entry with that number. */
void value_index_add(struct celeriac_value *object, uint32_t number);
/* The entry with that key, or NULL. */
struct value_entry *value_index_find(const struct celeriac_value *object, const char *key,
                                     size_t len);

#endif
