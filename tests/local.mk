# tests
EXTRA_DIST += tests

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
check-local: all check-programs
	$(srcdir)/tests/run .
.PHONY: check-programs list-unit-tests
include tests/bench/local.mk
