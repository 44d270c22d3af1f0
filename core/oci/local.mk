# core/oci: the OCI specifications as C structs
libcore_a_SOURCES += \
	core/oci/dump.c core/oci/dump.h \
	core/oci/image_spec.c core/oci/image_spec.h core/oci/media.c \
	core/oci/location.c core/oci/location.h \
	core/oci/reference.c core/oci/reference.h \
	core/oci/runtime_spec.c core/oci/runtime_spec.h core/oci/runtime_spec_private.h \
	core/oci/runtime_spec_reader.c core/oci/runtime_spec_reader.h \
	core/oci/runtime_spec_read_linux.c core/oci/runtime_spec_read_process.c \
	core/oci/runtime_spec_read.c core/oci/runtime_spec_write.c core/oci/capability.c core/oci/capability.h
