# core/base: ground floor
libcore_a_SOURCES += \
	core/base/arena.c core/base/arena.h \
	core/base/jread.c core/base/jread.h \
	core/base/err.c core/base/err.h \
	core/base/event.c core/base/event.h \
	core/base/event_reader.c core/base/event_reader.h \
	core/base/fd.c core/base/fd.h \
	core/base/file.c core/base/file.h \
	core/base/lock.c core/base/lock.h \
	core/base/log.c core/base/log.h \
	core/base/override.c core/base/override.h core/base/path.c core/base/path.h \
	core/base/proc.c core/base/proc.h \
	core/base/text.c core/base/text.h

include core/oci/local.mk
include core/runtime/local.mk
include core/container/local.mk
