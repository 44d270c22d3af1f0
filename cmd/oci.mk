# the OCI runtime command line: coracle oci, and the link coracle-oci
libcmd_a_SOURCES += \
	cmd/oci.c cmd/oci.h cmd/oci_commands.h \
	cmd/oci_create.c cmd/oci_create.h \
	cmd/oci_events.c \
	cmd/oci_exec.c \
	cmd/oci_features.c \
	cmd/oci_kill.c \
	cmd/oci_run.c cmd/oci_run.h \
	cmd/oci_show.c \
	cmd/oci_spec.c \
	cmd/oci_update.c
