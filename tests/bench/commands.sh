#!/bin/bash
# commands.sh - the short commands against an empty dynamic program, with no container and with 50.
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
for ((i = 0; i < 50; i++)); do co create --network none "$IMG" true; done >/dev/null || exit 1
measure 50
co rm -f -a >/dev/null
