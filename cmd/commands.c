/* commands.c - the list of all commands. One line each, by name. */
#include "cmd/archive_options.h"
#include "cmd/command.h"
#include "cmd/completion.h"
#include "cmd/container_set.h"
#include "cmd/cp.h"
#include "cmd/copy_options.h"
#include "cmd/run_commands.h"
#include "cmd/image_commands.h"
#include "cmd/login_options.h"
#include "cmd/manifest_options.h"
#include "cmd/oci_commands.h"
#include "cmd/pull_options.h"
#include "cmd/push_options.h"
#include "cmd/remote_options.h"
#include "cmd/search_options.h"

const struct command *const commands[] = {
	&command_attach,
	&command_completion,
	&command_complete_words,
	&command_again,
	&command_check,
	&command_create,
	&command_overlay,
	&command_run,
	&command_commands,
	&command_container_exists,
	&command_container_prune,
	&command_container_inspect,
	&command_events,
	&command_exec,
	&command_healthcheck_run,
	&command_kill,
	&command_logs,
	&command_ps,
	&command_restart,
	&command_rm,
	&command_start,
	&command_stats,
	&command_stop,
	&command_system_df,
	&command_system_prune,
	&command_system_reset,
	&command_pause,
	&command_port,
	&command_rename,
	&command_top,
	&command_unpause,
	&command_update,
	&command_wait,
	&command_cp,
	&command_commit,
	&command_export,
	&command_import,
	&command_load,
	&command_login,
	&command_logout,
	&command_manifest_add,
	&command_manifest_annotate,
	&command_manifest_create,
	&command_manifest_exists,
	&command_manifest_inspect,
	&command_manifest_push,
	&command_manifest_remove,
	&command_manifest_rm,
	&command_oci,
	OCI_COMMANDS
	&command_pull,
	&command_push,
	&command_search,
	&command_save,
	&command_diff,
	&command_doctor,
	&command_history,
	&command_image_copy,
	&command_image_delete,
	&command_image_diff,
	&command_image_digest,
	&command_image_exists,
	&command_image_inspect,
	&command_image_mount,
	&command_image_prune,
	&command_image_sync,
	&command_image_tree,
	&command_image_unmount,
	&command_images,
	&command_info,
	&command_inspect,
	&command_rmi,
	&command_secret_create,
	&command_secret_exists,
	&command_secret_inspect,
	&command_secret_ls,
	&command_secret_rm,
	&command_tag,
	&command_unshare,
	&command_untag,
	&command_version,
	&command_volume_create,
	&command_volume_exists,
	&command_volume_export,
	&command_volume_import,
	&command_volume_inspect,
	&command_volume_ls,
	&command_volume_prune,
	&command_volume_rm,
	NULL
};
