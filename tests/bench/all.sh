#!/bin/bash
# all.sh [NAME...] - all benchmarks (or those named: start, many ...), and a summary of what has a budget.
. "$(dirname "$0")/lib.sh"
: >"$VERDICTS"
[ $# -gt 0 ] || set -- start exec logs commands memory pipe many slirp drivers pull
for b; do
	"$BASH" "$here/$b.sh" || say "not whole: $b.sh ended with status $?"
done
# podman leaves a process that holds its namespaces.
pause=$XDG_RUNTIME_DIR/libpod/tmp/pause.pid
[ ! -r "$pause" ] || kill "$(cat "$pause")" 2>/dev/null
# What is kept are the images; stores in memory are not.
case $BENCH_DIR in
/dev/shm/*) for d in "$BENCH_DIR"/coracle* "$BENCH_DIR"/podman-{overlay,vfs,pull} "$BENCH_DIR"/drivers "$BENCH_DIR"/floor-pull; do
	[ ! -e "$d" ] || forget "$d"
done ;;
esac
awk -F'\t' 'BEGIN { printf "\n%-52s %9s %-8s %8s\n", "summary", "measured", "", "budget" }
	{ over = $3 == "at-most" ? $2 > $4 + 0 : $2 < $4 + 0; n += over
	  printf "%-52s %9.2f %-8s %8.2f%s\n", $1, $2, $3, $4, over ? "  OVER" : "" }
	END { printf "%d of %d over budget\n", n, NR }' "$VERDICTS"
