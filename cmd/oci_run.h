/* oci_run.h - a process of a container in the foreground: its terminal, the signals for it, its status. */
#ifndef CORACLE_CMD_OCI_RUN_H
#define CORACLE_CMD_OCI_RUN_H

#include <sys/types.h>

#include "core/base/err.h"

/* Signals that come from now on are kept for foreground_wait. */
void foreground_begin(void);

/* Stay with child `pid` until it ends: pass signals on to it, and relay the caller's terminal to `tty` (-1: none). Its
 * exit status as a shell gives it. */
int foreground_wait(pid_t pid, int tty);

#endif
