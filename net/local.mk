# net: the container's network
libnet_a_SOURCES += \
	net/addr.c net/addr.h \
	net/client.c net/client.h \
	net/closing.c net/closing.h \
	net/flow.c net/relay.c net/relay.h \
	net/libslirp.c net/libslirp.h \
	net/listen.c \
	net/names.c net/names.h \
	net/netlink.c net/netlink.h \
	net/plan.c net/plan.h \
	net/ports.c net/ports.h \
	net/publish.c net/publish.h \
	net/sandbox.c net/sandbox.h \
	net/slirp.c net/slirp.h \
	net/start.c \
	net/tap.c net/tap.h

include net/registry/local.mk
