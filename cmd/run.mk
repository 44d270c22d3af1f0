# run and create: from options to an OCI bundle
libcmd_a_SOURCES += \
	cmd/create.c \
	cmd/launch.c cmd/launch.h \
	cmd/launch_extras.c \
	cmd/launch_files.c \
	cmd/launch_ids.c \
	cmd/launch_inside.c cmd/launch_inside.h \
	cmd/launch_runtime.c cmd/launch_runtime.h \
	cmd/launch_secrets.c \
	cmd/launch_user.c cmd/launch_user.h \
	cmd/launch_volume.c \
	cmd/overlay.c \
	cmd/run.c cmd/run_commands.h \
	cmd/run_create.c cmd/run_create.h \
	cmd/run_devices.c \
	cmd/run_env.c \
	cmd/run_image.c cmd/run_image.h \
	cmd/run_health.c \
	cmd/launch_activation.c \
	cmd/linger.c cmd/linger.h \
	cmd/run_limits.c \
	cmd/run_mount_parse.c cmd/run_mount_parse.h \
	cmd/run_mounts.c \
	cmd/run_auto_ids.c \
	cmd/run_names.c \
	cmd/run_network.c \
	cmd/run_options.c cmd/run_options.h \
	cmd/run_secrets.c \
	cmd/run_security.c \
	cmd/run_status.c cmd/run_status.h cmd/run_systemd.c \
	cmd/run_spec.c cmd/run_spec.h
