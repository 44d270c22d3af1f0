#!/bin/bash
# exec.sh - `exec CTR true` against its floor (join the namespaces, fork, exec) and podman's.
. "$(dirname "$0")/lib.sh"
bench_images
[ -n "$CO_OK" ] || exit 1
t=$BENCH_DIR/exec.table
co rm -f -a >/dev/null
co run -d --network none --name bench "$IMG" sleep 10000 >/dev/null || exit 1
pid=$(co container inspect -f '{{.State.Pid}}' bench)
args=(floor "$FLOOR --exec $pid true" coracle "$(co_words) exec bench true")
if [ -n "$PODMAN_OK" ] && works "podman run -d" $(podman_words) run -d --network none --name bench "$IMG" sleep 10000 &&
	works "podman exec" $(podman_words) exec bench true; then
	args+=(podman "$(podman_words) exec bench true")
fi
bench_compare "exec CTR true" "${args[@]}" | tee "$t"
verdict "exec / floor" "$(cell "$t" coracle 5)" at-most 1.5
[ ${#args[@]} -gt 4 ] && verdict "exec / podman's" \
	"$(awk -v a="$(cell "$t" coracle 2)" -v b="$(cell "$t" podman 2)" 'BEGIN { print a / b }')" at-most 0.05
co rm -f -t 0 bench >/dev/null
[ ${#args[@]} -gt 4 ] && $(podman_words) rm -f -t 0 bench >/dev/null
exit 0
