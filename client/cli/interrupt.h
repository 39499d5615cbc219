/* Ctrl-C and TERM for verbs that wait: one line, clean up, exit 130 or 143. The jobs go on. */
#ifndef CLIENT_CLI_INTERRUPT_H
#define CLIENT_CLI_INTERRUPT_H

#include <sys/types.h>

void interrupt_install(void);
/* What the line says behind "interrupted"; copied. */
void interrupt_note(const char *text);
/* A child that is told by closing `fd`, and waited for, before we end; if it ends first, so do we,
 * with 69. pid 0: no more. */
void interrupt_keeper(pid_t pid, int fd);
/* Before and after output that a signal should not cut in the middle of a line. */
void interrupt_block(void);
void interrupt_unblock(void);

#endif
