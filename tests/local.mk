# tests
# Not EXTRA_DIST: of a directory that takes what lies in the build directory too.
dist-hook:
	(cd $(srcdir) && find tests -name .deps -prune -o -type f ! -name '*.o' ! -name .dirstamp ! -path tests/bench/floor ! -path tests/bench/unpack_floor \
		! \( -path 'tests/unit/*' ! -name '*.*' \) -print | tar -cf - -T -) | tar -C "$(distdir)" -xf -
.PHONY: dist-hook

check_PROGRAMS += $(unit_tests)
unit_tests =
include tests/unit/base.mk
include tests/unit/registry.mk
include tests/unit/net.mk
include tests/unit/confine.mk
include tests/unit/run.mk
include tests/unit/container.mk
include tests/unit/runtime.mk
include tests/unit/unpack.mk
include tests/unit/store.mk

check-programs: $(check_PROGRAMS)
list-unit-tests:
	@printf '%s\n' $(unit_tests)
# distcheck asks whether the tarball is whole: the unit tests, which need no registries, answer that.
AM_DISTCHECK_CONFIGURE_FLAGS = --disable-command-tests
if COMMAND_TESTS
checks =
else
checks = $(unit_tests)
endif
check-local: all check-programs
	$(srcdir)/tests/run . $(checks)
# The load and fault tests at length.
stress: all
	STRESS=1 $(srcdir)/tests/run . $(abs_srcdir)/tests/cmd/load.bats
.PHONY: check-programs list-unit-tests stress
include tests/bench/local.mk
CLEANFILES += unit.err
# configure cannot remove its own file where a directory is called core
DISTCLEANFILES = confdefs.h
