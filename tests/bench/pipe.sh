#!/bin/bash
# pipe.sh - bytes through a foreground container (run -i) against the same program without one.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
size=${SIZE_MIB:-1024}

# COMMAND...: MB/s of zeros through it.
rate() {
	local a b n
	a=$(now)
	n=$(head -c $((size << 20)) /dev/zero | "$@" | wc -c)
	b=$(now)
	[ "$n" = $((size << 20)) ] || say "$1: $n bytes instead of $((size << 20))"
	awk -v n="$n" -v a="$a" -v b="$b" 'BEGIN { print n / 1e6 / (b - a) }'
}
best() { local i; for i in 1 2 3 4 5; do rate "$@"; done | sort -n | tail -n 1; }

{
	printf 'cat\t%s\n' "$(best "$ROOTFS/bin/busybox" cat)"
	[ -n "$CO_OK" ] && printf 'coracle\t%s\n' "$(best $(co_words) run -i --rm --network none "$IMG" cat)"
	command -v bwrap >/dev/null && printf 'bwrap\t%s\n' "$(best bwrap --unshare-all --ro-bind "$ROOTFS" / --proc /proc --dev /dev cat)"
	[ -n "$PODMAN_OK" ] && printf 'podman\t%s\n' "$(size=128 best $(podman_words) run -i --rm --network none "$IMG" cat)"
} | bench_table "standard input to standard output, $size MiB" "MB/s" | tee "$BENCH_DIR/pipe.table"
verdict "stdin to stdout / without a container" "$(cell "$BENCH_DIR/pipe.table" coracle 3)" at-least 0.95
