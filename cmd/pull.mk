# pull: coracle has the table, coracle-image does it
libcmd_a_SOURCES += \
	cmd/pull_options.c cmd/pull_options.h
