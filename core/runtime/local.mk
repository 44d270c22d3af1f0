# core/runtime: OCI bundle -> process
libcore_a_SOURCES += \
	core/runtime/cgroup.c core/runtime/cgroup.h core/runtime/cgroup_dir.h \
	core/runtime/cgroup_limits.c core/runtime/cgroup_probe.c core/runtime/cgroup_state.c \
	core/runtime/seccomp.c core/runtime/seccomp.h \
	core/runtime/seccomp_document.c core/runtime/seccomp_document.h \
	core/runtime/seccomp_policy.c core/runtime/seccomp_policy.h \
	core/runtime/seccomp_table.c core/runtime/seccomp_table.h \
	core/runtime/systemd_scope.c core/runtime/systemd_scope.h \
	core/runtime/idmap.h \
	core/runtime/launch.h
coracle_init_SOURCES = core/runtime/coracle_init.c
coracle_init_LDFLAGS = -static
coracle_init_CFLAGS = -std=gnu17 $(WARN_CFLAGS) -Os
coracle_init_LDADD =

# The built-in system call profile is compiled to BPF here and now: no start of a container has to.
noinst_PROGRAMS += seccomp_gen
seccomp_gen_SOURCES = core/runtime/seccomp_gen.c core/runtime/seccomp_policy.c core/runtime/seccomp_table.c \
	core/base/arena.c core/base/err.c core/base/fd.c
seccomp_gen_CFLAGS = $(AM_CFLAGS) $(SECCOMP_CFLAGS)
seccomp_gen_LDADD = $(SECCOMP_LIBS) $(GLIB_LIBS)
BUILT_SOURCES += core/runtime/seccomp_default.inc
CLEANFILES += core/runtime/seccomp_default.inc
core/runtime/seccomp_default.inc: seccomp_gen$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) core/runtime && ./seccomp_gen$(EXEEXT) >$@.tmp && mv $@.tmp $@
core/runtime/libcore_a-seccomp.$(OBJEXT): core/runtime/seccomp_default.inc
