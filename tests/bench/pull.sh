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

# NAME STORE COMMAND...: wall, cpu, and the memory of the largest process.
measure() {
	local name=$1 store=$2 times=$3 i
	shift 3
	for ((i = 0; i < times; i++)); do
		forget "$store"
		/usr/bin/time -f '%e %U %S %M' -o "$BENCH_DIR/time" "$@" >/dev/null 2>"$BENCH_DIR/pull.log" ||
			{ say "not measured: $name: $(tail -n 1 "$BENCH_DIR/pull.log")"; return; }
		tail -n 1 "$BENCH_DIR/time"
	done | sort -n | sed -n $(((times + 1) / 2))p | awk -v n="$name" '{ printf "%s\t%s\t%s\t%s\n", n, $1, $2 + $3, $4 / 1024 }'
	forget "$store"
}

# The same work by one C program, all layers side by side, both digests, owners kept in a user namespace.
floor=$BENCH_DIR/pull-floor.sh
{
	echo '#!/bin/bash'
	echo "mkdir -p $BENCH_DIR/floor-pull"
	echo "exec unshare --map-root-user --map-users=auto --map-groups=auto $(dirname "$CORACLE")/tests/bench/unpack_floor" \
		"$BENCH_DIR/floor-pull $BENCH_DIR/tls/ca.crt" \
		"$(skopeo inspect --raw "oci:$layout:debian" | python3 -c '
import json, sys
print(*["https://" + sys.argv[1] + "/v2/debian/blobs/" + l["digest"] for l in json.load(sys.stdin)["layers"]])' "$REGISTRY_BENCH")"
} >"$floor"
chmod +x "$floor"

{
	[ -n "$PODMAN_OK" ] && measure podman "$BENCH_DIR/podman-pull" 1 podman --root "$BENCH_DIR/podman-pull" --runroot "$XDG_RUNTIME_DIR/p-pull" \
		--storage-driver overlay --events-backend file pull -q --cert-dir "$CERTS" "$img"
	measure coracle "$BENCH_DIR/coracle-pull" 3 "$CORACLE" --root "$BENCH_DIR/coracle-pull" pull -q --cert-dir "$CERTS" "$img"
	measure "skopeo copy to a directory" "$BENCH_DIR/skopeo-pull" 1 skopeo --insecure-policy copy -q --src-cert-dir "$CERTS" \
		"docker://$img" "dir:$BENCH_DIR/skopeo-pull"
	measure "curl, hash, inflate, hash" "$BENCH_DIR/floor-pull" 3 "$floor"
} | awk -F'\t' 'BEGIN { printf "\npull of a Debian, median of 3 (podman and skopeo once)\n%-28s %8s %8s %10s %7s\n", "", "wall s", "cpu s", "memory MiB", "ratio" }
	NR == 1 { first = $2 } { printf "%-28s %8.2f %8.2f %10.1f %7.2f\n", $1, $2, $3, $4, $2 / first }' | tee "$BENCH_DIR/pull.table"
set -- $(awk '$1 == "podman" { w = $2; c = $3 } $1 == "coracle" { cw = $2; cc = $3; m = $4 } /^curl/ { fw = $(NF - 3); fc = $(NF - 2) }
	END { print cw && w ? cw / w : "-", cc && c ? cc / c : "-", cw && fw ? cw / fw : "-", cc && fc ? cc / fc : "-", m ? m : "-" }' "$BENCH_DIR/pull.table")
[ "$1" = - ] || { verdict "pull / podman, wall" "$1" at-most 0.3; verdict "pull / podman, cpu" "$2" at-most 0.3; }
[ "$3" = - ] || { verdict "pull / the floor in C, wall" "$3" at-most 1.5; verdict "pull / the floor in C, cpu" "$4" at-most 1.5; }
[ "$5" = - ] || verdict "pull, memory MiB" "$5" at-most 32
