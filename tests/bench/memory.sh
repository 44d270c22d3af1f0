#!/bin/bash
# memory.sh - what our processes beside each of 10 detached containers hold (PSS), without a network and with slirp.
. "$(dirname "$0")/lib.sh"
bench_images
n=${CONTAINERS:-10}

# PATTERN [-]: lines "ROLE KIB" (or "ROLE -KIB") of this user's processes whose names match.
pss_of() {
	local p comm
	for p in $(pgrep -u "$(id -u)" .); do
		{ comm=$(tr ' ' _ <"/proc/$p/comm"); } 2>/dev/null || continue
		[[ $comm =~ $1 ]] && echo "$comm ${2-}$(pss "$p")"
	done
}

# NAME PATTERN NETWORK COMMAND...
measure() {
	local name=$1 pattern=$2 network=$3 i before ids=()
	shift 3
	before=$(pss_of "$pattern" -)
	for ((i = 0; i < n; i++)); do
		ids+=("$("$@" run -d --network "$network" "$IMG" sleep 1000)") || return
	done
	{ [ -z "$before" ] || echo "$before"; pss_of "$pattern"; } |
		awk -v name="$name" -v n="$n" '{ r[$1] += $2; t += $2 } END { printf "%s\t%s\n", name, t / n / 1024
			for (i in r) printf "  of which %s\t%s\n", i, r[i] / n / 1024 }'
	"$@" rm -f -t 0 "${ids[@]}" >/dev/null 2>&1
}

for net in none slirp; do
	{
		[ -n "$CO_OK" ] && measure "coracle" '^coracle' $net $(co_words)
		[ -n "$PODMAN_OK" ] && measure "podman" '(conmon|slirp4netns|pasta|fuse-overlayfs|rootlessport)' \
			"${net/#slirp/slirp4netns}" $(podman_words)
	} | bench_table "memory (PSS) beside a container, network $net, $n containers" "MiB each" | tee "$BENCH_DIR/memory.table"
	verdict "memory beside a container, $net, MiB" "$(cell "$BENCH_DIR/memory.table" coracle 2)" at-most "$([ $net = none ] && echo 0.5 || echo 1)"
done
