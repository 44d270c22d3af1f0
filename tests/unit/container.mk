check_PROGRAMS += keep_tool
keep_tool_SOURCES = tests/unit/keep_tool.c
keep_tool_LDADD = $(light_libs) $(LIGHT_LIBS)
