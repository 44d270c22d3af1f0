/* image_main.c - the program `coracle-image`: the commands that need HTTPS or archives. */
#include "cmd/globals.h"
#include "cmd/image/commit.h"
#include "cmd/image/copy.h"
#include "cmd/image/cp.h"
#include "cmd/image/export.h"
#include "cmd/image/import.h"
#include "cmd/image/load.h"
#include "cmd/image/login.h"
#include "cmd/image/manifest.h"
#include "cmd/image/pull.h"
#include "cmd/image/push.h"
#include "cmd/image/remote_commands.h"
#include "cmd/image/search.h"
#include "cmd/image/save.h"
#include "cmd/image/volume_tar.h"

static const struct command *const image_commands[] = {
	&image_command_commit,
	&image_command_cp,
	&image_command_export,
	&image_command_copy,
	&image_command_delete,
	&image_command_digest,
	&image_command_import,
	&image_command_inspect,
	&image_command_load,
	&image_command_login,
	&image_command_logout,
	&image_command_manifest_add,
	&image_command_manifest_annotate,
	&image_command_manifest_create,
	&image_command_manifest_exists,
	&image_command_manifest_inspect,
	&image_command_manifest_push,
	&image_command_manifest_remove,
	&image_command_manifest_rm,
	&image_command_pull,
	&image_command_push,
	&image_command_search,
	&image_command_save,
	&image_command_sync,
	&image_command_volume_export,
	&image_command_volume_import,
	NULL
};

int main(int argc, char **argv)
{
	return program_main(argc, argv, image_commands, true);
}
