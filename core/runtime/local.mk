# core/runtime: OCI bundle -> process
libcore_a_SOURCES += \
	core/runtime/cgroup.h \
	core/runtime/seccomp.h \
	core/runtime/systemd_scope.h \
	core/runtime/idmap.h \
	core/runtime/launch.h
coracle_init_SOURCES = core/runtime/coracle_init.c
coracle_init_LDFLAGS = -static
coracle_init_CFLAGS = -std=gnu17 $(WARN_CFLAGS) -Os
coracle_init_LDADD =
