# image names and documents, the store
unit_tests += tests/unit/test_reference tests/unit/test_image_spec tests/unit/test_store
tests_unit_test_reference_SOURCES = tests/unit/test_reference.c
tests_unit_test_reference_LDADD = $(light_libs) $(LIGHT_LIBS)
tests_unit_test_image_spec_SOURCES = tests/unit/test_image_spec.c
tests_unit_test_image_spec_LDADD = $(light_libs) $(LIGHT_LIBS)
tests_unit_test_store_SOURCES = tests/unit/test_store.c
tests_unit_test_store_LDADD = $(light_libs) $(LIGHT_LIBS)
