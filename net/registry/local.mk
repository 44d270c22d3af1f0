# net/registry: images over HTTPS (coracle-image only)
libimage_a_SOURCES += \
	net/registry/auth_json.c \
	net/registry/auth_store.c \
	net/registry/auth_store.h \
	net/registry/certs.c \
	net/registry/certs.h \
	net/registry/challenge.c \
	net/registry/challenge.h \
	net/registry/credential.c \
	net/registry/credential.h \
	net/registry/credential_helper.c \
	net/registry/digest.c \
	net/registry/digest.h \
	net/registry/exchange.c \
	net/registry/header.c \
	net/registry/header.h \
	net/registry/http.c \
	net/registry/http.h \
	net/registry/listing.c \
	net/registry/listing.h \
	net/registry/policy.c \
	net/registry/policy.h \
	net/registry/policy_signature.c \
	net/registry/registry.c \
	net/registry/registry.h \
	net/registry/token.c \
	net/registry/transfer.c \
	net/registry/transfer.h \
	net/registry/upload.c \
	net/registry/upload.h

# names: coracle too
libnet_a_SOURCES += \
	net/registry/registries.c \
	net/registry/registries.h \
	net/registry/toml.c \
	net/registry/toml.h
