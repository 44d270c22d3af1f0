#!/bin/bash
# start.sh - one start of `true`: network none, host and slirp, one layer and several, against the floor and the peers.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
t=$BENCH_DIR/start.table
[ -n "$CO_OK" ] || exit 1
one=$(store_layers busybox) several=$(store_layers layers)
args=(floor "$FLOOR --rootfs $one true" coracle "$(co_words) run --rm --network none $IMG true")
if have bwrap && works bwrap bwrap --unshare-all --ro-bind "$ROOTFS" / --proc /proc --dev /dev true; then
	args+=("bwrap, one id, no filter" "bwrap --unshare-all --ro-bind $ROOTFS / --proc /proc --dev /dev true")
fi
for r in crun runc; do
	have $r && b=$(bench_bundle $r) && works $r $r run -b "$b" bench-$r && args+=("$r, one id" "$r run -b $b bench-$r")
done
[ -n "$PODMAN_OK" ] && args+=(podman "$(podman_words) run --rm --network none $IMG true")
bench_compare "run --rm IMG true, network none" "${args[@]}" | tee "$t"
verdict "start, network none / floor" "$(cell "$t" coracle 5)" at-most 1.5

bench_compare "the same, several layers" floor "$FLOOR --rootfs $several true" \
	coracle "$(co_words) run --rm --network none --entrypoint true -w / -u 0 --image-volume ignore $LAYERS" | tee "$t"
verdict "start, several layers / floor" "$(cell "$t" coracle 5)" at-most 1.5

args=(floor "$FLOOR --net host --rootfs $one true" coracle "$(co_words) run --rm --network host $IMG true")
[ -n "$PODMAN_OK" ] && args+=(podman "$(podman_words) run --rm --network host $IMG true")
bench_compare "network host" "${args[@]}" | tee "$t"
verdict "start, network host / floor" "$(cell "$t" coracle 5)" at-most 1.5

args=(floor "$FLOOR --rootfs $one true" coracle "$(co_words) run --rm --network slirp $IMG true")
[ -n "$PODMAN_OK" ] && have slirp4netns && works "podman, slirp4netns" $(podman_words) run --rm --network slirp4netns "$IMG" true &&
	args+=("podman, slirp4netns" "$(podman_words) run --rm --network slirp4netns $IMG true")
bench_compare "network slirp (the floor has network none)" "${args[@]}" | tee "$t"
verdict "start, slirp / floor" "$(cell "$t" coracle 5)" at-most 2
