# net/registry: images over HTTPS (coracle-image only)
libimage_a_SOURCES +=
