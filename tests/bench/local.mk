# tests/bench: the floors that coracle is measured against
noinst_PROGRAMS += tests/bench/floor tests/bench/unpack_floor
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_LDADD = $(GLIB_LIBS)
tests/bench/floor.$(OBJEXT): core/runtime/seccomp_default.inc
tests_bench_unpack_floor_SOURCES = tests/bench/unpack_floor.c
tests_bench_unpack_floor_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(CRYPTO_CFLAGS)
tests_bench_unpack_floor_LDADD = $(ARCHIVE_LIBS) $(CRYPTO_LIBS) $(ISAL_LIBS) $(ZLIB_LIBS)
