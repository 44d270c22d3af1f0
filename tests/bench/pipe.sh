#!/bin/bash
# pipe.sh - bytes through a foreground container (run -i) against the same program without one.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
size=${SIZE_MIB:-4096}     # so much that the start of the container does not count

# COMMAND...: MB/s of zeros through it.
rate() {
	local a b n
	a=$(now)
	n=$(head -c $((size << 20)) /dev/zero | "$@" | wc -c)
	b=$(now)
	[ "$n" = $((size << 20)) ] || say "$1: $n bytes instead of $((size << 20))"
	awk -v n="$n" -v a="$a" -v b="$b" 'BEGIN { print n / 1e6 / (b - a) }'
}

# In turns, so that whatever else the machine does hits all alike; the best of each counts.
names=(cat) commands=("$ROOTFS/bin/busybox cat")
[ -n "$CO_OK" ] && names+=(coracle) && commands+=("$(co_words) run -i --rm --network none $IMG cat")
command -v bwrap >/dev/null && names+=(bwrap) && commands+=("bwrap --unshare-all --ro-bind $ROOTFS / --proc /proc --dev /dev cat")
for round in 1 2 3 4 5; do
	for i in "${!names[@]}"; do
		printf '%s\t%s\n' "${names[i]}" "$(rate ${commands[i]})"
	done
done >"$BENCH_DIR/pipe.rounds"
{
	for n in "${names[@]}"; do awk -F'\t' -v n="$n" '$1 == n' "$BENCH_DIR/pipe.rounds" | sort -t $'\t' -k 2,2n | tail -n 1; done
	[ -n "$PODMAN_OK" ] && printf 'podman\t%s\n' "$(size=128 rate $(podman_words) run -i --rm --network none "$IMG" cat)"
} | bench_table "standard input to standard output, $size MiB" "MB/s" | tee "$BENCH_DIR/pipe.table"
verdict "stdin to stdout / without a container" "$(cell "$BENCH_DIR/pipe.table" coracle 3)" at-least 0.95
