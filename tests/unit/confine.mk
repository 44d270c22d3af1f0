# seccomp, cgroups, coracle-init
unit_tests += tests/unit/test_seccomp
tests_unit_test_seccomp_SOURCES = tests/unit/test_seccomp.c
tests_unit_test_seccomp_LDADD = $(light_libs) $(LIGHT_LIBS)
unit_tests += tests/unit/test_cgroup
tests_unit_test_cgroup_SOURCES = tests/unit/test_cgroup.c
tests_unit_test_cgroup_LDADD = $(light_libs) $(LIGHT_LIBS)
unit_tests += tests/unit/test_init
tests_unit_test_init_SOURCES = tests/unit/test_init.c
tests_unit_test_init_LDADD = $(light_libs) $(LIGHT_LIBS)
