# cmd: the command line
libcmd_a_SOURCES += \
	cmd/command.h \
	cmd/completion.h \
	cmd/conf.c cmd/conf.h \
	cmd/context.c \
	cmd/globals.c cmd/globals.h \
	cmd/help.c \
	cmd/opt.c cmd/opt.h \
	cmd/show.c \
	cmd/template.c cmd/template.h \
	cmd/template_exec.c \
	cmd/template_funcs.c \
	cmd/template_nodes.h

include cmd/container.mk
include cmd/image.mk
include cmd/oci.mk
include cmd/pull.mk
include cmd/run.mk
