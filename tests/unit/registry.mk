# unit tests of net/registry
unit_tests += tests/unit/test_registry
tests_unit_test_registry_SOURCES = tests/unit/test_registry.c
tests_unit_test_registry_LDADD = libimage.a $(light_libs) $(LIGHT_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS)
unit_tests += tests/unit/test_registries
tests_unit_test_registries_SOURCES = tests/unit/test_registries.c
tests_unit_test_registries_LDADD = $(light_libs) $(LIGHT_LIBS)
