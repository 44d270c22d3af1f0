# core/container: a container's life
libcore_a_SOURCES += \
	core/container/attach.c core/container/attach.h \
	core/container/client.c core/container/client.h \
	core/container/container.c core/container/container.h \
	core/container/copy.h core/container/copy_wire.h \
	core/container/copy_data.c core/container/copy_data.h \
	core/container/copy_find.c \
	core/container/copy_give.c \
	core/container/copy_take.c \
	core/container/ctl.c core/container/ctl.h \
	core/container/event.c \
	core/container/edit.c core/container/edit.h \
	core/container/exec.c core/container/exec.h \
	core/container/guard.c core/container/guard.h \
	core/container/journal.c core/container/journal.h \
	core/container/keeper.c core/container/keeper.h \
	core/container/keeper_io.c \
	core/container/keeper_loop.c \
	core/container/keeper_health.c \
	core/container/keeper_restart.c \
	core/container/logfile.c core/container/logfile.h \
	core/container/logread.c core/container/logread.h \
	core/container/manage.c core/container/manage.h \
	core/container/names.c core/container/names.h \
	core/container/notify.c core/container/notify.h \
	core/container/pause.c core/container/pause.h \
	core/container/processes.c core/container/processes.h \
	core/container/record.c core/container/record.h \
	core/container/run.c core/container/run.h \
	core/container/state.c \
	core/container/terminal.c core/container/terminal.h
