check_PROGRAMS += launch_tool
launch_tool_SOURCES = tests/unit/launch_tool.c
launch_tool_LDADD = $(light_libs) $(LIGHT_LIBS)
