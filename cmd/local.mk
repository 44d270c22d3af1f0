# cmd: the command line
libcmd_a_SOURCES += \
	cmd/command.h \
	cmd/completion.h \
	cmd/conf.c cmd/conf.h \
	cmd/context.c \
	cmd/docker.c cmd/docker.h \
	cmd/docker_inspect.c \
	cmd/doctor.c cmd/doctor.h \
	cmd/doctor_host.c \
	cmd/doctor_ids.c \
	cmd/doctor_net.c \
	cmd/doctor_store.c \
	cmd/globals.c cmd/globals.h \
	cmd/help.c \
	cmd/opt.c cmd/opt.h \
	cmd/show.c \
	cmd/template.c cmd/template.h \
	cmd/template_exec.c \
	cmd/template_funcs.c \
	cmd/template_nodes.h \
	cmd/terminal.c cmd/terminal.h

# --help shows the examples of the man pages.
EXTRA_DIST += cmd/examples.awk
BUILT_SOURCES += cmd/examples.inc
CLEANFILES += cmd/examples.inc
cmd/examples.inc: $(srcdir)/cmd/examples.awk $(dist_man_MANS)
	$(AM_V_GEN)$(MKDIR_P) cmd && awk -f $(srcdir)/cmd/examples.awk $(srcdir)/man/coracle-*.1 >$@.tmp && mv $@.tmp $@
cmd/help.$(OBJEXT): cmd/examples.inc

include cmd/container.mk
include cmd/image.mk
include cmd/oci.mk
include cmd/pull.mk
include cmd/run.mk
