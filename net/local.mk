# net: the container's network
libnet_a_SOURCES += \
	net/plan.h

include net/registry/local.mk
