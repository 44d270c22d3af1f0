# unit tests of core/container
unit_tests += tests/unit/test_container
tests_unit_test_container_SOURCES = tests/unit/test_container.c
tests_unit_test_container_LDADD = $(unit_ldadd)
check_PROGRAMS += keep_tool
keep_tool_SOURCES = tests/unit/keep_tool.c
keep_tool_LDADD = $(unit_ldadd)
unit_tests += tests/unit/test_copy
tests_unit_test_copy_SOURCES = tests/unit/test_copy.c
tests_unit_test_copy_LDADD = $(unit_ldadd)
