# setup_suite.bash - what all command tests share: registries on loopback over TLS, images made on the spot, and a
# store with busybox pulled into it.

setup_suite() {
	IFS=$' \t\n' # bats 1.8 leaves a comma here where --filter-tags is given
	export SUITE=${BATS_SUITE_TMPDIR:?}/suite
	mkdir -p "$SUITE"
	[ "$(id -u)" != 0 ] || { echo "the tests run as an ordinary user: see tests/as-user" >&2; return 1; }
	source "$CORACLE_SRC/tests/cmd/registry.bash"
	source "$CORACLE_SRC/tests/cmd/images.bash"
	export CORACLE=$CORACLE_BUILD/coracle
	export XDG_RUNTIME_DIR=$SUITE/run HOME=$SUITE/home TMPDIR=$SUITE/tmp
	export CORACLE_ROOT=$SUITE/store
	unset XDG_DATA_HOME XDG_CONFIG_HOME REGISTRY_AUTH_FILE
	mkdir -p -m 700 "$XDG_RUNTIME_DIR" "$HOME" "$TMPDIR"
	registry_certificates "$SUITE/tls"
	export SSL_CERT_FILE=$SUITE/tls/ca.crt
	registry_start open
	registry_start auth user secret
	image_busybox "$SUITE/images" && image_layers "$SUITE/images" || return 1
	registry_push "$SUITE/images:busybox" "$REGISTRY_OPEN/busybox:latest"
	registry_push "$SUITE/images:layers" "$REGISTRY_OPEN/layers:latest"
	registry_push "$SUITE/images:busybox" "$REGISTRY_AUTH/private/busybox:1" user:secret
	export BUSYBOX=$REGISTRY_OPEN/busybox LAYERS=$REGISTRY_OPEN/layers
	"$CORACLE" pull -q "$BUSYBOX" >"$SUITE/busybox.id" || { echo "pulling busybox failed" >&2; return 1; }
	"$CORACLE" tag "$BUSYBOX" busybox || return 1
}

teardown_suite() {
	for f in "$SUITE"/registry-*/pid; do
		[ -e "$f" ] && kill "$(cat "$f")" 2>/dev/null
	done
	# Layers belong to subordinate ids.
	unshare --map-root-user --map-auto rm -rf "$SUITE" 2>/dev/null || rm -rf "$SUITE" 2>/dev/null || :
}
