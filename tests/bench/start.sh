#!/bin/bash
# start.sh - one start of `true`: network none, host and slirp, against the floor and the peers.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
args=(floor "$FLOOR --rootfs $ROOTFS true")
[ -n "$CO_OK" ] && args+=("coracle" "$(co_words) run --rm --network none $IMG true")
if have bwrap && works bwrap bwrap --unshare-all --ro-bind "$ROOTFS" / --proc /proc --dev /dev true; then
	args+=(bwrap "bwrap --unshare-all --ro-bind $ROOTFS / --proc /proc --dev /dev true")
fi
for r in crun runc; do
	have $r && b=$(bench_bundle $r) && works $r $r run -b "$b" bench-$r && args+=("$r" "$r run -b $b bench-$r")
done
[ -n "$PODMAN_OK" ] && args+=("podman" "$(podman_words) run --rm --network none $IMG true")
bench_compare "run --rm IMG true, network none" "${args[@]}"

args=("floor" "$FLOOR --one-id --rootfs $ROOTFS true")
[ -n "$CO_OK" ] && works "coracle, one id" co run --rm --network none --uidmap 0:0:1 --gidmap 0:0:1 "$IMG" true &&
	args+=("coracle" "$(co_words) run --rm --network none --uidmap 0:0:1 --gidmap 0:0:1 $IMG true")
bench_compare "the same with one id" "${args[@]}"

args=("floor" "$FLOOR --net host --rootfs $ROOTFS true")
[ -n "$CO_OK" ] && args+=("coracle" "$(co_words) run --rm --network host $IMG true")
[ -n "$PODMAN_OK" ] && args+=("podman" "$(podman_words) run --rm --network host $IMG true")
bench_compare "network host" "${args[@]}"

args=("floor, network none" "$FLOOR --rootfs $ROOTFS true")
[ -n "$CO_OK" ] && works "coracle, slirp" co run --rm --network slirp "$IMG" true &&
	args+=("coracle, slirp" "$(co_words) run --rm --network slirp $IMG true")
[ -n "$PODMAN_OK" ] && have slirp4netns && works "podman, slirp4netns" $(podman_words) run --rm --network slirp4netns "$IMG" true &&
	args+=("podman, slirp4netns" "$(podman_words) run --rm --network slirp4netns $IMG true")
bench_compare "network slirp" "${args[@]}"
