# unit tests of net/registry
unit_tests += tests/unit/test_registry
tests_unit_test_registry_SOURCES = tests/unit/test_registry.c
tests_unit_test_registry_LDADD = libimage.a $(light_libs) $(LIGHT_LIBS) $(CURL_LIBS) $(CRYPTO_LIBS)
