/* The rows behind messages and outcomes: encoder and decoder walk the same table, so a new field is
 * one row. Private to the codec. */
#ifndef COMMON_MESSAGE_FIELDS_H
#define COMMON_MESSAGE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_SPAN,  /* const char * and, behind it in the struct, size_t; points into the bytes read */
    FIELD_TEXT,  /* const char *, NUL-terminated or NULL */
    FIELD_ARRAY, /* const struct celeriac_value *, or NULL */
    FIELD_OBJECT, /* the same */
    FIELD_VALUE,  /* the same, of any type */
    FIELD_INT64,
    FIELD_INT32,
    FIELD_UINT32,
};

struct field {
    uint8_t key; /* in the map; below FIELD_KEYS */
    enum field_kind kind;
    const char *name; /* in error messages */
    size_t offset;    /* in the struct */
    int64_t absent;   /* integers: the value that is not written */
    int64_t min, max; /* integers on the wire; spans: length */
    bool is_required;
};

enum { FIELD_KEYS = 64 }; /* keys 0..63: room for fields to come */

struct field_table {
    const char *what; /* "message" */
    const struct field *rows;
    size_t count;
};

extern const struct field_table message_fields, outcome_fields;

/* The row with that key, or NULL. */
const struct field *field_find(const struct field_table *table, int64_t key);
int64_t field_get_integer(const struct field *f, const void *target);
void field_set_integer(const struct field *f, void *target, int64_t n);

struct message;
/* A chunk's `args` are as many lists of arguments (arrays, or objects of keyword arguments) as it
 * says. NULL, or what is wrong. */
const char *message_chunk_problem(const struct message *m);

#endif
