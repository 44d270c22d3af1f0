# tests/bench: the floor that coracle is measured against
noinst_PROGRAMS += tests/bench/floor
tests_bench_floor_SOURCES = tests/bench/floor.c
tests_bench_floor_LDADD = $(GLIB_LIBS)
tests/bench/floor.$(OBJEXT): core/runtime/seccomp_default.inc
