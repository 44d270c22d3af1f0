#!/bin/bash
# many.sh - starts per second: one after another, and 8, 16 and 50 at once.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
total=${TOTAL:-100} tries=${TRIES:-3}
[ -n "$CO_OK" ] || exit 1
one=$(store_layers busybox)

# AT-ONCE COMMAND...: starts per second of `total` starts.
rate() {
	local at=$1 s
	shift
	s=$(seconds xargs -P "$at" -I{} -a <(seq "$total") "$@")
	awk -v n="$total" -v s="$s" 'BEGIN { print n / s }'
}
median() { sort -n | sed -n $(((tries + 1) / 2))p; }

for at in 1 8 16 50; do
	f=$BENCH_DIR/many.floor c=$BENCH_DIR/many.coracle
	: >"$f"
	: >"$c"
	for ((i = 0; i < tries; i++)); do
		rate $at "$FLOOR" --rootfs "$one" true >>"$f"
		rate $at $(co_words) run --rm --network none "$IMG" true >>"$c"
	done
	{
		printf 'floor\t%s\n' "$(median <"$f")"
		printf 'coracle\t%s\n' "$(median <"$c")"
		[ $at = 1 ] && command -v bwrap >/dev/null && printf 'bwrap\t%s\n' "$(rate $at bwrap --unshare-all --ro-bind "$ROOTFS" / --proc /proc --dev /dev true)"
		[ -n "$PODMAN_OK" ] && [ $at = 8 ] && printf 'podman\t%s\n' "$(total=24 && rate $at $(podman_words) run --rm --network none "$IMG" true)"
	} | bench_table "$total starts, $at at once" "per second" | tee "$BENCH_DIR/many.table"
	verdict "starts per second, $at at once / floor" "$(cell "$BENCH_DIR/many.table" coracle 3)" at-least 0.75
done
left=$(co ps -a -q | wc -l)
[ "$left" = 0 ] || say "many.sh: $left containers are left"
