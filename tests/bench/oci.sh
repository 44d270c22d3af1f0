#!/bin/bash
# oci.sh - `coracle oci` against runc and crun: run of a bundle with and without a system call filter, exec, and the memory of
# a container that waits for its start. As an ordinary user, or as root (in tests/as-root).
. "$(dirname "$0")/lib.sh"
need busybox python3 jq
bench_rootfs
profile=/usr/share/containers/seccomp.json
rootless=--rootless
[ "$(id -u)" = 0 ] && rootless=
state=$XDG_RUNTIME_DIR/oci
mkdir -p "$state"

# NAME: the words that call a runtime. crun fails on machines with both versions of control groups unless it makes none.
words() {
	case $1 in
	coracle) echo "$CORACLE oci --root $state/coracle" ;;
	runc) echo "runc --root $state/runc" ;;
	crun) echo "crun --cgroup-manager=disabled --root $state/crun" ;;
	esac
}

# NAME FILTER: the bundle for it, changed by jq.
bundle() {
	local b=$BENCH_DIR/oci-$1
	rm -rf "$b"
	mkdir -p "$b"
	(cd "$b" && $(words coracle) spec $rootless) || return 1
	# A machine with cgroup v1 has none to mount for an ordinary user.
	jq ".process.terminal = false | .process.args = [\"true\"] | .root = {path: \"$ROOTFS\", readonly: true} |
		.mounts |= map(select(.type != \"cgroup\")) | $2" "$b/config.json" >"$b/new" && mv "$b/new" "$b/config.json"
	echo "$b"
}

# The rules of the profile that have no conditions: what every runtime reads alike.
filter=.
if [ -e "$profile" ]; then
	jq '{defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86_64"], syscalls: ([.syscalls[] | select(.action == "SCMP_ACT_ALLOW" and
		(.args // [] | length) == 0 and (.includes // {} | length) == 0 and (.excludes // {} | length) == 0) | {names, action}] +
		[{names: ["arch_prctl", "modify_ldt"], action: "SCMP_ACT_ALLOW"}])}' "$profile" >"$BENCH_DIR/oci-profile"
	filter=".linux.seccomp = $(cat "$BENCH_DIR/oci-profile")"
fi
all=()
for r in coracle runc crun; do
	b=$(bundle $r .) || exit 1
	if [ $r = coracle ] || { [ -z "${NO_PEERS-}" ] && have $r; }; then
		works "$r run" $(words $r) run -b "$b" try && all+=($r)
	fi
done
# TITLE FILTER
compare() {
	local args=() r
	if [ -n "$rootless" ]; then args+=(floor "$FLOOR --one-id --net host --rootfs $ROOTFS true"); fi
	for r in "${all[@]}"; do args+=("$r" "$(words $r) run -b $(bundle $r "$2") bench"); done
	bench_compare "$1" "${args[@]}"
}
compare "run true, no filter" . | tee "$BENCH_DIR/oci.table"
[ -z "$rootless" ] || verdict "oci run / floor" "$(cell "$BENCH_DIR/oci.table" coracle 5)" at-most 1.5
for peer in runc:0.2 crun:0.7; do
	verdict "oci run / ${peer%:*}" "$(awk -v p="${peer%:*}" '{ v[$1] = $2 } END { if (v[p]) print v["coracle"] / v[p] }' \
		"$BENCH_DIR/oci.table")" at-most "${peer#*:}"
done
[ "$filter" = . ] || compare "run true, a filter of $(jq '[.syscalls[].names[]] | length' "$BENCH_DIR/oci-profile") calls" "$filter"

args=()
for r in "${all[@]}"; do
	b=$(bundle $r '.process.args = ["sleep", "1000"]')
	$(words $r) run -d -b "$b" e </dev/null >/dev/null 2>&1 && args+=("$r" "$(words $r) exec e true")
done
bench_compare "exec true" "${args[@]}" | tee "$BENCH_DIR/oci.table"
verdict "oci exec / crun" "$(awk '{ v[$1] = $2 } END { if (v["crun"]) print v["coracle"] / v["crun"] }' "$BENCH_DIR/oci.table")" at-most 0.8
for r in "${all[@]}"; do
	$(words $r) delete -f e >/dev/null 2>&1
	b=$(bundle $r .)
	$(words $r) create --pid-file "$BENCH_DIR/pid" -b "$b" c </dev/null >/dev/null 2>&1 || continue
	printf '%s\t%s\n' "$r" "$(pss "$(cat "$BENCH_DIR/pid")")"
	$(words $r) delete -f c >/dev/null 2>&1
done | tee "$BENCH_DIR/oci.pss" | bench_table "PSS of what waits for start" KiB
verdict "oci create, KiB" "$(awk '$1 == "coracle" { print $2 }' "$BENCH_DIR/oci.pss")" at-most 1024
rm -rf "$state"
exit 0
