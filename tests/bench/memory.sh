#!/bin/bash
# memory.sh - what our processes beside each of 10 detached containers hold (PSS), without a network and with slirp.
. "$(dirname "$0")/lib.sh"
bench_images
n=${CONTAINERS:-10}

# PSS of a process in KiB. The net and port processes let nobody look into them, so only root sees theirs: for others
# their anonymous memory stands in, which is less than PSS by the shares of the program's file.
pss() {
	awk '/^Pss:/ { s += $2 } END { if (NR) print s + 0; else exit 1 }' "/proc/$1/smaps_rollup" 2>/dev/null ||
		awk '/^RssAnon:/ { s += $2 } END { print s + 0 }' "/proc/$1/status" 2>/dev/null || echo 0
}
# PATTERN: PSS of this user's processes whose names match.
pss_of() {
	local sum=0 p comm
	for p in $(pgrep -u "$(id -u)" .); do
		comm=$(cat "/proc/$p/comm" 2>/dev/null) || continue
		[[ $comm =~ $1 ]] && sum=$((sum + $(pss "$p")))
	done
	echo $sum
}

# NAME PATTERN NETWORK COMMAND...
measure() {
	local name=$1 pattern=$2 network=$3 i before after ids=()
	shift 3
	before=$(pss_of "$pattern")
	for ((i = 0; i < n; i++)); do
		ids+=("$("$@" run -d --network "$network" "$IMG" sleep 1000)") || return
	done
	after=$(pss_of "$pattern")
	printf '%s\t%s\n' "$name" "$(awk -v k=$((after - before)) -v n="$n" 'BEGIN { print k / n / 1024 }')"
	"$@" rm -f -t 0 "${ids[@]}" >/dev/null 2>&1
}

for net in none slirp; do
	{
		[ -n "$CO_OK" ] && measure "coracle" '^coracle' $net $(co_words)
		[ -n "$PODMAN_OK" ] && measure "podman (conmon, helpers)" '(conmon|slirp4netns|pasta|fuse-overlayfs|rootlessport)' \
			"${net/#slirp/slirp4netns}" $(podman_words)
	} | bench_table "memory of the processes beside a container, network $net, $n containers" "MiB each"
done
