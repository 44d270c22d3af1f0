# storage: the store
libstorage_a_SOURCES += \
	storage/driver.c \
	storage/gc.c \
	storage/image.c storage/image.h \
	storage/image_commit.c \
	storage/image_gc.c \
	storage/image_index.c storage/image_index.h \
	storage/layer.c storage/layer.h \
	storage/manifest_list.c storage/manifest_list.h \
	storage/mountpoints.c \
	storage/owners.c storage/owners.h \
	storage/reown.c storage/reown.h \
	storage/rootfs.c storage/rootfs.h \
	storage/secret.c storage/secret.h \
	storage/stage.c \
	storage/store.c storage/store.h \
	storage/unpack_ids.c storage/unpack_ids.h \
	storage/tree_diff.c storage/tree_diff.h \
	storage/volume.c storage/volume.h

# unpacking: coracle-image only
libimage_a_SOURCES += \
	storage/partial.c \
	storage/partial.h \
	storage/below.c storage/below.h \
	storage/compress.c storage/compress.h \
	storage/archive_in.c storage/archive_in.h \
	storage/image_patch.c storage/image_patch.h storage/image_patch_private.h \
	storage/image_patch_through.c \
	storage/image_stack.c \
	storage/inflate.c storage/inflate.h \
	storage/layer_tar.c storage/layer_tar.h \
	storage/remembered.c storage/remembered.h \
	storage/ring.c storage/ring.h \
	storage/sink.h \
	storage/tar_record.c storage/tar_record.h \
	storage/tree_tar.c storage/tree_tar.h \
	storage/unpack.c storage/unpack.h \
	storage/unpack_confine.c \
	storage/unpack_name.c \
	storage/unpack_put.c \
	storage/unpack_tree.c storage/unpack_tree.h storage/unpack_tree_private.h

include storage/overlay/local.mk
