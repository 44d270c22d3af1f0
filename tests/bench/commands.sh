#!/bin/bash
# commands.sh - the short commands against an empty dynamic program, with no container and with 50; ps -a with 1000; what
# `start -a` costs beside `run`.
NO_PEERS=1
. "$(dirname "$0")/lib.sh"
bench_images
[ -n "$CO_OK" ] || exit 1
t=$BENCH_DIR/commands.table
# CONTAINERS: the budget is 2 ms where an empty program takes 0.7.
measure() {
	bench_compare "commands, $1 containers" empty /bin/true version "$(co_words) --version" ps "$(co_words) ps" \
		ps-a "$(co_words) ps -a" images "$(co_words) images" | tee "$t"
	for c in version ps ps-a images; do
		verdict "$c, $1 containers / empty program" "$(cell "$t" $c 5)" at-most 2.86
	done
}
measure 0
for ((i = 0; i < 50; i++)); do co create --network none --name "c$i" "$IMG" true; done >/dev/null || exit 1
measure 50
bench_compare "inspect, and a second start" empty /bin/true inspect "$(co_words) inspect c7" \
	run "$(co_words) run --network none $IMG true" start-a "$(co_words) start -a c7" | tee "$t"
verdict "inspect / empty program" "$(cell "$t" inspect 5)" at-most 2.86
verdict "start -a / run" "$(awk -v a="$(cell "$t" start-a 2)" -v b="$(cell "$t" run 2)" 'BEGIN { print a / b }')" at-most 1.1
co rm -f -a >/dev/null
seq 1000 | xargs -P 4 -I{} "$CORACLE" --root "$BENCH_DIR/coracle" create --network none --name c{} "$IMG" true >/dev/null || exit 1
bench_compare "1000 stopped containers" empty /bin/true ps-a "$(co_words) ps -a" | tee "$t"
verdict "ps -a with 1000 stopped containers, ms" "$(cell "$t" ps-a 2)" at-most 50
co rm -f -a >/dev/null
