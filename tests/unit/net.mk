# the network: its plan, and a tool that gives one to a command, for tests/cmd/net.bats
unit_tests += tests/unit/test_net_plan
tests_unit_test_net_plan_SOURCES = tests/unit/test_net_plan.c
tests_unit_test_net_plan_LDADD = $(light_libs) $(LIGHT_LIBS)
check_PROGRAMS += tests/unit/net_tool
tests_unit_net_tool_SOURCES = tests/unit/net_tool.c
tests_unit_net_tool_LDADD = $(light_libs) $(LIGHT_LIBS)
