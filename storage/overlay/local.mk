# storage/overlay: root file system drivers
libstorage_a_SOURCES += \
	storage/overlay/hostfs.c storage/overlay/hostfs.h \
	storage/overlay/overlay.c storage/overlay/overlay.h \
	storage/overlay/vfs.c storage/overlay/vfs.h

# the FUSE overlay server
libstorage_a_SOURCES += \
	storage/overlay/fuse/attr.c storage/overlay/fuse/attr.h \
	storage/overlay/fuse/confine.c storage/overlay/fuse/confine.h \
	storage/overlay/fuse/copyup.c storage/overlay/fuse/copyup.h \
	storage/overlay/fuse/copyup_data.c \
	storage/overlay/fuse/create.c storage/overlay/fuse/create.h \
	storage/overlay/fuse/data.c storage/overlay/fuse/data.h \
	storage/overlay/fuse/fs.c storage/overlay/fuse/ovl.h \
	storage/overlay/fuse/ids.c storage/overlay/fuse/ids.h \
	storage/overlay/fuse/libfuse.c storage/overlay/fuse/libfuse.h \
	storage/overlay/fuse/listing.c storage/overlay/fuse/listing.h \
	storage/overlay/fuse/lookup.c storage/overlay/fuse/lookup.h \
	storage/overlay/fuse/mount.c \
	storage/overlay/fuse/node.c storage/overlay/fuse/node.h \
	storage/overlay/fuse/ops.c storage/overlay/fuse/ops.h \
	storage/overlay/fuse/ops_data.c storage/overlay/fuse/ops_data.h \
	storage/overlay/fuse/ops_dir.c \
	storage/overlay/fuse/place.c storage/overlay/fuse/place.h \
	storage/overlay/fuse/remove.c storage/overlay/fuse/remove.h \
	storage/overlay/fuse/rename.c \
	storage/overlay/fuse/server.c storage/overlay/fuse/server.h \
	storage/overlay/fuse/server_private.h \
	storage/overlay/fuse/session.c storage/overlay/fuse/session.h \
	storage/overlay/fuse/stream.c storage/overlay/fuse/stream.h \
	storage/overlay/fuse/standalone.c storage/overlay/fuse/standalone.h \
	storage/overlay/fuse/whiteout.c storage/overlay/fuse/whiteout.h \
	storage/overlay/fuse/work.c storage/overlay/fuse/work.h \
	storage/overlay/fuse/xattr.c storage/overlay/fuse/xattr.h
