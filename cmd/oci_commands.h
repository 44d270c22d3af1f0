/* oci_commands.h - the commands of the OCI runtime: `coracle oci NAME` and `coracle-oci NAME`. */
#ifndef CORACLE_CMD_OCI_COMMANDS_H
#define CORACLE_CMD_OCI_COMMANDS_H

#include "cmd/command.h"

extern const struct command command_oci;
extern const struct command command_oci_create, command_oci_delete, command_oci_events, command_oci_exec,
	command_oci_features,
	command_oci_kill, command_oci_list, command_oci_pause, command_oci_ps, command_oci_resume, command_oci_run,
	command_oci_spec, command_oci_start, command_oci_state, command_oci_update;

#define OCI_COMMANDS \
	&command_oci_create, &command_oci_delete, &command_oci_events, &command_oci_exec, &command_oci_features, &command_oci_kill, \
	&command_oci_list, &command_oci_pause, &command_oci_ps, &command_oci_resume, &command_oci_run, \
	&command_oci_spec, &command_oci_start, &command_oci_state, &command_oci_update,

#endif
