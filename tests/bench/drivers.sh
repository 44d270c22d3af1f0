#!/bin/bash
# drivers.sh - the root file system's drivers: many small files unpacked, walked, and one large file read.
. "$(dirname "$0")/lib.sh"
bench_rootfs
bench_images
files=${FILES:-10000}
# busybox's clock of a hundredth of a second is enough for work of this size.
work='mkdir /w; cd /w || exit; t() { read u r </proc/uptime; echo ${u%.*}${u#*.}; }; a=$(t); tar xf /in.tar; b=$(t);
	find / -xdev >/dev/null; c=$(t); cat /large >/dev/null; d=$(t); echo $(((b-a)*10)) $(((c-b)*10)) $(((d-c)*10))'
in=$BENCH_DIR/drivers
if ! [ -e "$in/in.tar" ]; then
	mkdir -p "$in/tree"
	for ((i = 0; i < files; i++)); do
		[ $((i % 100)) = 0 ] && mkdir -p "$in/tree/$((i / 100))"
		head -c 2000 /dev/zero >"$in/tree/$((i / 100))/$i"
	done
	tar -C "$in" -cf "$in/in.tar" tree
	rm -rf "$in/tree"
	head -c 268435456 /dev/urandom >"$in/large"
fi

# NAME COMMAND...: runs the work in a container.
measure() {
	local name=$1 out
	shift
	out=$("$@" sh -c "$work" 2>"$BENCH_DIR/drivers.log" | tail -n 1)
	[ -n "$out" ] && echo "$name $out" || say "not measured: $name: $(tail -n 1 "$BENCH_DIR/drivers.log")"
}

{
	d=$(mktemp -d "$BENCH_DIR/bare.XXXXXX")
	cp -a "$ROOTFS/." "$d"; cp "$in/in.tar" "$in/large" "$d"
	have bwrap && measure bare-directory bwrap --unshare-all --bind "$d" / --proc /proc --dev /dev
	rm -rf "$d"
	for driver in overlay fuse vfs; do
		store=$BENCH_DIR/coracle-$driver
		"$CORACLE" --root "$store" --storage-driver $driver pull -q --cert-dir "$CERTS" "$IMG" >/dev/null 2>"$BENCH_DIR/drivers.log" ||
			{ say "not measured: coracle with $driver: $(tail -n 1 "$BENCH_DIR/drivers.log")"; continue; }
		measure coracle-$driver "$CORACLE" --root "$store" --storage-driver $driver run --rm --network none \
			-v "$in/in.tar:/in.tar:ro" -v "$in/large:/large:ro" "$IMG"
	done
	for driver in overlay vfs; do
		[ -n "$PODMAN_OK" ] && $(podman_words $driver) pull -q --cert-dir "$CERTS" "$IMG" >/dev/null 2>&1 &&
			measure podman-$driver $(podman_words $driver) run --rm --network none -v "$in/in.tar:/in.tar:ro" \
				-v "$in/large:/large:ro" "$IMG"
	done
} | awk 'BEGIN { printf "\n%d small files, and 256 MiB\n%-20s %12s %7s %10s %7s %10s %7s\n", '"$files"', "", "tar x ms", "ratio", "find ms", "ratio", "read ms", "ratio" }
	NR == 1 { a = $2; b = $3; c = $4 }
	{ printf "%-20s %12.1f %7.2f %10.1f %7.2f %10.1f %7.2f\n", $1, $2, a ? $2 / a : 0, $3, b ? $3 / b : 0, $4, c ? $4 / c : 0 }'
