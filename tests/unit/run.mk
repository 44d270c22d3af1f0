# run and create
unit_tests += tests/unit/test_run_parse
tests_unit_test_run_parse_SOURCES = tests/unit/test_run_parse.c
tests_unit_test_run_parse_LDADD = $(light_libs) $(LIGHT_LIBS)
unit_tests += tests/unit/test_run_user
tests_unit_test_run_user_SOURCES = tests/unit/test_run_user.c
tests_unit_test_run_user_LDADD = $(light_libs) $(LIGHT_LIBS)
