# core/container: a container's life
libcore_a_SOURCES += \
	core/container/container.c core/container/container.h \
	core/container/names.c core/container/names.h \
	core/container/record.c core/container/record.h \
	core/container/state.c \
	core/container/run.h
