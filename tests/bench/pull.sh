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

# The same work by the tools of every system: all layers side by side, both digests, owners kept in a user namespace.
floor=$BENCH_DIR/pull-floor.sh
{
	echo '#!/bin/bash'
	echo '[ "${1-}" = in ] || exec unshare --map-root-user --map-users=auto --map-groups=auto "$0" in'
	i=0
	for digest in $(skopeo inspect --raw "oci:$layout:debian" | python3 -c 'import json,sys; print(*[l["digest"] for l in json.load(sys.stdin)["layers"]])'); do
		d=$BENCH_DIR/floor-pull/$((i = i + 1))
		echo "mkdir -p $d; curl -s --cacert $BENCH_DIR/tls/ca.crt https://$REGISTRY_BENCH/v2/debian/blobs/$digest |" \
			"tee >(sha256sum >/dev/null) | gzip -dc | tee >(sha256sum >/dev/null) | tar -x -C $d --numeric-owner -p &"
	done
	echo wait
} >"$floor"
chmod +x "$floor"

{
	[ -n "$PODMAN_OK" ] && measure podman "$BENCH_DIR/podman-pull" 1 podman --root "$BENCH_DIR/podman-pull" --runroot "$XDG_RUNTIME_DIR/p-pull" \
		--storage-driver overlay --events-backend file pull -q --cert-dir "$CERTS" "$img"
	measure coracle "$BENCH_DIR/coracle-pull" 3 "$CORACLE" --root "$BENCH_DIR/coracle-pull" pull -q --cert-dir "$CERTS" "$img"
	measure "skopeo copy to a directory" "$BENCH_DIR/skopeo-pull" 1 skopeo --insecure-policy copy -q --src-cert-dir "$CERTS" \
		"docker://$img" "dir:$BENCH_DIR/skopeo-pull"
	measure "curl, hash, gunzip, hash, tar" "$BENCH_DIR/floor-pull" 3 "$floor"
} | awk -F'\t' 'BEGIN { printf "\npull of a Debian, median of 3 (podman and skopeo once)\n%-28s %8s %8s %10s %7s\n", "", "wall s", "cpu s", "memory MiB", "ratio" }
	NR == 1 { first = $2 } { printf "%-28s %8.2f %8.2f %10.1f %7.2f\n", $1, $2, $3, $4, $2 / first }' | tee "$BENCH_DIR/pull.table"
set -- $(awk '$1 == "podman" { w = $2; c = $3 } $1 == "coracle" { print w ? $2 / w : "-", c ? $3 / c : "-", $4 }' "$BENCH_DIR/pull.table")
[ "${1--}" = - ] || { verdict "pull / podman, wall" "$1" at-most 0.5; verdict "pull / podman, cpu" "$2" at-most 0.5; }
verdict "pull, memory MiB" "${3-}" at-most 32
