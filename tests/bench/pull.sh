#!/bin/bash
# pull.sh - a real Debian of some layers from a registry on loopback over TLS, into an empty store each time.
. "$(dirname "$0")/lib.sh"
bench_images
need mmdebstrap /usr/bin/time
layout=$BENCH_DIR/images
if ! umoci ls --layout "$layout" | grep -qx debian; then
	say "making the Debian image (a minute or two)"
	image_debian "$layout" || exit 1
fi
registry_push "$layout:debian" "$REGISTRY_BENCH/debian:latest" || exit 1
img=$REGISTRY_BENCH/debian:latest

# Files of other ids can be removed only by root of their user namespace.
forget() { rm -rf "$1" 2>/dev/null || unshare --map-root-user --map-users=auto --map-groups=auto rm -rf "$1"; }

# NAME STORE COMMAND...: wall, cpu, and the memory of the largest process.
measure() {
	local name=$1 store=$2 i
	shift 2
	for i in 1 2 3; do
		forget "$store"
		/usr/bin/time -f '%e %U %S %M' -o "$BENCH_DIR/time" "$@" >/dev/null 2>"$BENCH_DIR/pull.log" ||
			{ say "not measured: $name: $(tail -n 1 "$BENCH_DIR/pull.log")"; return; }
		tail -n 1 "$BENCH_DIR/time"
	done | sort -n | sed -n 2p | awk -v n="$name" '{ printf "%s\t%s\t%s\t%s\n", n, $1, $2 + $3, $4 / 1024 }'
	forget "$store"
}

{
	[ -n "$PODMAN_OK" ] && measure podman "$BENCH_DIR/podman-pull" podman --root "$BENCH_DIR/podman-pull" --runroot "$BENCH_DIR/podman-run-pull" \
		--storage-driver overlay --events-backend file pull -q --cert-dir "$CERTS" "$img"
	measure coracle "$BENCH_DIR/coracle-pull" "$CORACLE" --root "$BENCH_DIR/coracle-pull" pull -q --cert-dir "$CERTS" "$img"
	measure "skopeo copy to a directory" "$BENCH_DIR/skopeo-pull" skopeo --insecure-policy copy -q --src-cert-dir "$CERTS" \
		"docker://$img" "dir:$BENCH_DIR/skopeo-pull"
} | awk -F'\t' 'BEGIN { printf "\npull of a Debian, medians of 3\n%-28s %8s %8s %10s %7s\n", "", "wall s", "cpu s", "memory MiB", "ratio" }
	NR == 1 { first = $2 } { printf "%-28s %8.2f %8.2f %10.1f %7.2f\n", $1, $2, $3, $4, $2 / first }'
