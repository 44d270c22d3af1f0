#!/bin/bash
# many.sh - starts per second: one after another, and 8, 16 and 50 at once.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
total=${TOTAL:-100}

# AT-ONCE COMMAND...: starts per second of `total` starts.
rate() {
	local at=$1 s
	shift
	s=$(seconds xargs -P "$at" -I{} -a <(seq "$total") "$@")
	awk -v n="$total" -v s="$s" 'BEGIN { print n / s }'
}

for at in 1 8 16 50; do
	{
		printf 'floor\t%s\n' "$(rate $at "$FLOOR" --rootfs "$ROOTFS" true)"
		[ -n "$CO_OK" ] && printf 'coracle\t%s\n' "$(rate $at $(co_words) run --rm --network none "$IMG" true)"
		command -v bwrap >/dev/null && printf 'bwrap\t%s\n' "$(rate $at bwrap --unshare-all --ro-bind "$ROOTFS" / --proc /proc --dev /dev true)"
		[ -n "$PODMAN_OK" ] && [ "$at" -le 8 ] && printf 'podman\t%s\n' "$(rate $at $(podman_words) run --rm --network none "$IMG" true)"
	} | bench_table "$total starts, $at at once" "per second"
done
