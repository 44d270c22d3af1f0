# storage/overlay: root file system drivers
libstorage_a_SOURCES +=
