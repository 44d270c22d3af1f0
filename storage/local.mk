# storage: the store
libstorage_a_SOURCES += \
	storage/driver.c \
	storage/gc.c \
	storage/image.h \
	storage/layer.c storage/layer.h \
	storage/rootfs.c storage/rootfs.h \
	storage/stage.c \
	storage/store.c storage/store.h \
	storage/volume.h

# unpacking: coracle-image only
libimage_a_SOURCES += \
	storage/partial.c \
	storage/partial.h \
	storage/unpack.h

include storage/overlay/local.mk
