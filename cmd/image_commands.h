/* image_commands.h - the commands on images and volumes, and about the installation, for commands.c. */
#ifndef CORACLE_CMD_IMAGE_COMMANDS_H
#define CORACLE_CMD_IMAGE_COMMANDS_H

#include "cmd/command.h"

extern const struct command command_images, command_rmi, command_tag, command_untag, command_image_exists,
	command_image_inspect, command_history, command_image_prune, command_image_tree, command_diff, command_image_diff;
extern const struct command command_volume_create, command_volume_ls, command_volume_inspect, command_volume_rm,
	command_volume_prune, command_volume_exists;
extern const struct command command_secret_create, command_secret_exists, command_secret_inspect, command_secret_ls,
	command_secret_rm;
extern const struct command command_image_mount, command_image_unmount, command_unshare;
extern const struct command command_inspect, command_doctor, command_info, command_version;

#endif
