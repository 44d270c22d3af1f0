# core/container: a container's life
libcore_a_SOURCES += \
	core/container/container.h \
	core/container/run.h
