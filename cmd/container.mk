# commands on containers: start, ps, rm, stop, kill, wait
libcmd_a_SOURCES += \
	cmd/attach.c \
	cmd/cp.c cmd/cp.h \
	cmd/container_files.c cmd/container_files.h \
	cmd/container_host_config.c \
	cmd/container_inspect.c \
	cmd/container_set.c cmd/container_set.h \
	cmd/container_size.c cmd/container_size.h \
	cmd/events.c \
	cmd/exec.c \
	cmd/healthcheck.c \
	cmd/logs.c \
	cmd/pause.c \
	cmd/port.c \
	cmd/ps.c \
	cmd/ps_namespaces.c cmd/ps_namespaces.h \
	cmd/container_clone.c \
	cmd/rename.c \
	cmd/restart.c \
	cmd/rm.c \
	cmd/start.c \
	cmd/stats.c \
	cmd/stop.c \
	cmd/stop_one.c \
	cmd/system_df.c \
	cmd/system_prune.c \
	cmd/system_reset.c \
	cmd/top.c \
	cmd/top_fields.c cmd/top_fields.h \
	cmd/tree_size.c cmd/tree_size.h \
	cmd/update.c
