# unit tests of core/base and cmd
unit_ldadd = $(light_libs) $(LIGHT_LIBS)
unit_tests += tests/unit/test_base tests/unit/test_event tests/unit/test_opt tests/unit/test_template
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_LDADD = $(unit_ldadd)
tests_unit_test_event_SOURCES = tests/unit/test_event.c
tests_unit_test_event_LDADD = $(unit_ldadd)
tests_unit_test_opt_SOURCES = tests/unit/test_opt.c
tests_unit_test_opt_LDADD = $(unit_ldadd)
tests_unit_test_template_SOURCES = tests/unit/test_template.c
tests_unit_test_template_LDADD = $(unit_ldadd)
