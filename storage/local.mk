# storage: the store
libstorage_a_SOURCES += \
	storage/image.h \
	storage/layer.h \
	storage/rootfs.h \
	storage/store.h \
	storage/volume.h

# unpacking: coracle-image only
libimage_a_SOURCES += \
	storage/unpack.h

include storage/overlay/local.mk
