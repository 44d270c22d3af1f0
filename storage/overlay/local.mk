# storage/overlay: root file system drivers
libstorage_a_SOURCES += \
	storage/overlay/hostfs.c storage/overlay/hostfs.h \
	storage/overlay/overlay.c storage/overlay/overlay.h \
	storage/overlay/vfs.c storage/overlay/vfs.h
