# registries: coracle has the tables, coracle-image does it
libcmd_a_SOURCES += \
	cmd/archive_options.c cmd/archive_options.h \
	cmd/copy_options.c cmd/copy_options.h \
	cmd/login_options.c cmd/login_options.h \
	cmd/manifest_options.c cmd/manifest_options.h \
	cmd/pull_options.c cmd/pull_options.h \
	cmd/push_options.c cmd/push_options.h \
	cmd/remote_options.c cmd/remote_options.h \
	cmd/search_options.c cmd/search_options.h
coracle_image_SOURCES += \
	cmd/image/layers.c cmd/image/layers.h \
	cmd/image/changes.c cmd/image/changes.h \
	cmd/image/commit.c cmd/image/commit.h \
	cmd/image/copy.c cmd/image/copy.h \
	cmd/image/copy_blob.c cmd/image/copy_blob.h \
	cmd/image/copy_image.c cmd/image/copy_image.h \
	cmd/image/copy_list.c cmd/image/copy_list.h \
	cmd/image/copy_store.c cmd/image/copy_store.h \
	cmd/image/cp.c cmd/image/cp.h \
	cmd/image/download.c cmd/image/download.h \
	cmd/image/export.c cmd/image/export.h \
	cmd/image/import.c cmd/image/import.h \
	cmd/image/load.c cmd/image/load.h \
	cmd/image/load_layers.c cmd/image/load_layers.h \
	cmd/image/login.c cmd/image/login.h \
	cmd/image/manifest.c cmd/image/manifest.h \
	cmd/image/manifest_add.c \
	cmd/image/new_image.c cmd/image/new_image.h \
	cmd/image/new_layer.c cmd/image/new_layer.h \
	cmd/image/origin.c cmd/image/origin.h \
	cmd/image/origin_docker_archive.c \
	cmd/image/origin_layout.c \
	cmd/image/origin_registry.c \
	cmd/image/origin_store.c \
	cmd/image/progress.c cmd/image/progress.h \
	cmd/image/prompt.c cmd/image/prompt.h \
	cmd/image/pull.c cmd/image/pull.h \
	cmd/image/push.c cmd/image/push.h \
	cmd/image/push_layer.c cmd/image/push_layer.h \
	cmd/image/push_manifest.c cmd/image/push_manifest.h \
	cmd/image/remote.c cmd/image/remote.h \
	cmd/image/remote_commands.c cmd/image/remote_commands.h \
	cmd/image/save.c cmd/image/save.h \
	cmd/image/save_out.c cmd/image/save_out.h \
	cmd/image/search.c cmd/image/search.h \
	cmd/image/sources.c cmd/image/sources.h \
	cmd/image/sync.c \
	cmd/image/target.c cmd/image/target.h \
	cmd/image/target_docker_archive.c \
	cmd/image/target_file.c cmd/image/target_file.h \
	cmd/image/target_layout.c \
	cmd/image/target_registry.c \
	cmd/image/volume_tar.c cmd/image/volume_tar.h \
	cmd/image/worker.c cmd/image/worker.h
