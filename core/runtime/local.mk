# core/runtime: OCI bundle -> process
libcore_a_SOURCES += \
	core/runtime/cgroup.c core/runtime/cgroup.h core/runtime/cgroup_dir.h \
	core/runtime/cgroup_limits.c core/runtime/cgroup_probe.c core/runtime/cgroup_state.c \
	core/runtime/seccomp.c core/runtime/seccomp.h \
	core/runtime/seccomp_document.c core/runtime/seccomp_document.h \
	core/runtime/seccomp_policy.c core/runtime/seccomp_policy.h \
	core/runtime/seccomp_table.c core/runtime/seccomp_table.h \
	core/runtime/systemd_scope.c core/runtime/systemd_scope.h \
	core/runtime/caps.c core/runtime/caps.h \
	core/runtime/bundle_state.c core/runtime/bundle_state.h \
	core/runtime/cgroup_oci.c core/runtime/cgroup_oci.h core/runtime/cgroup_v1.c core/runtime/cgroup_v1.h \
	core/runtime/device_filter.c core/runtime/device_filter.h \
	core/runtime/gate.c core/runtime/gate.h \
	core/runtime/hooks.c core/runtime/hooks.h \
	core/runtime/pretend.c core/runtime/pretend.h core/runtime/pretend_serve.c core/runtime/pretend_private.h \
	core/runtime/pretend_ids.c core/runtime/pretend_ids.h \
	core/runtime/remember.c core/runtime/remember.h \
	core/runtime/idmapped.c core/runtime/idmapped.h \
	core/runtime/memory_policy.c core/runtime/memory_policy.h \
	core/runtime/seccomp_notify.c core/runtime/seccomp_notify.h \
	core/runtime/time_offsets.c core/runtime/time_offsets.h \
	core/runtime/schedule.c core/runtime/schedule.h \
	core/runtime/shared_root.c core/runtime/shared_root.h \
	core/runtime/copyup.c core/runtime/copyup.h \
	core/runtime/devices.c core/runtime/devices.h \
	core/runtime/enter.c core/runtime/enter.h \
	core/runtime/idmap.c core/runtime/idmap.h \
	core/runtime/init.c core/runtime/init.h \
	core/runtime/launch.c core/runtime/launch.h \
	core/runtime/mount_options.c core/runtime/mount_options.h \
	core/runtime/mounts.c core/runtime/mounts.h \
	core/runtime/namespaces.c core/runtime/namespaces.h \
	core/runtime/program.c core/runtime/program.h \
	core/runtime/rights.c core/runtime/rights.h \
	core/runtime/root.c core/runtime/root.h \
	core/runtime/stdio.c core/runtime/stdio.h \
	core/runtime/steps.c core/runtime/steps.h \
	core/runtime/subid.c core/runtime/subid.h \
	core/runtime/sysctl.c core/runtime/sysctl.h \
	core/runtime/tty.c core/runtime/tty.h \
	core/runtime/idmap_write.c core/runtime/idmap_private.h core/runtime/mounts_special.c
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
