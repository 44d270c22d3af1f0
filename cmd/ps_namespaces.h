/* ps_namespaces.h - the namespaces of a container's first process, for ps --ns. */
#ifndef CORACLE_CMD_PS_NAMESPACES_H
#define CORACLE_CMD_PS_NAMESPACES_H

#include <jansson.h>
#include <sys/types.h>

/* Set CGROUPNS, IPC, MNT, NET, PIDNS, USERNS, UTS and Namespaces: the kernel's numbers; "" where there is no process. */
void ps_set_namespaces(json_t *row, pid_t pid);

#endif
