# cmd: the command line
libcmd_a_SOURCES += \
	cmd/command.h \
	cmd/opt.h \
	cmd/template.h

include cmd/container.mk
include cmd/image.mk
include cmd/run.mk
