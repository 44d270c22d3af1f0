# root file systems, unpacking
unit_tests += tests/unit/test_fuse tests/unit/test_rootfs tests/unit/test_unpack
tests_unit_test_fuse_SOURCES = tests/unit/test_fuse.c
tests_unit_test_fuse_LDADD = $(light_libs) $(LIGHT_LIBS)
tests_unit_test_rootfs_SOURCES = tests/unit/test_rootfs.c
tests_unit_test_rootfs_LDADD = $(light_libs) $(LIGHT_LIBS)
tests_unit_test_unpack_SOURCES = tests/unit/test_unpack.c
tests_unit_test_unpack_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_unpack_LDADD = $(coracle_image_LDADD)
