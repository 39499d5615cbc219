/* Writing manual pages: text in, man(7) out. */
#ifndef CLIENT_CLI_ROFF_H
#define CLIENT_CLI_ROFF_H

#include <stddef.h>
#include <stdio.h>

/* ".TH": the page's name in capitals, its section, the day (SOURCE_DATE_EPOCH, else today), the
 * version. */
void roff_begin(FILE *out, const char *name, int section);
void roff_section(FILE *out, const char *title);
void roff_subsection(FILE *out, const char *title);
/* Text with what roff would take for its own made harmless; `len` bytes of it. A blank line begins
 * a paragraph, and a line that begins with a space stays a line. */
void roff_text(FILE *out, const char *text, size_t len);
/* An entry of a list: the term in bold with an operand in italics behind it ("" for none), then its
 * text. */
void roff_entry(FILE *out, const char *term, const char *operand, const char *text);
/* Lines as they are, indented. */
void roff_literal(FILE *out, const char *const *lines, size_t n);

#endif
