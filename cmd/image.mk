# commands on images and volumes, and coracle-image
libcmd_a_SOURCES += \
	cmd/diff.c \
	cmd/image_commands.h \
	cmd/image_inspect.c cmd/image_inspect.h \
	cmd/image_mount.c \
	cmd/image_names.c \
	cmd/image_prune.c \
	cmd/image_use.c cmd/image_use.h \
	cmd/images.c \
	cmd/info.c \
	cmd/inspect.c \
	cmd/secret.c \
	cmd/unshare.c \
	cmd/volume.c
