#!/bin/bash
# slirp.sh - TCP through the net process against the host and slirp4netns, and its memory after 3,000 short connections.
. "$(dirname "$0")/lib.sh"
bench_images
need iperf3 python3
port=$(free_port) web=$(free_port)
iperf3 -s -p "$port" >/dev/null 2>&1 &
server=$!
python3 - "$web" <<'P' &
import socketserver, sys, threading
class H(socketserver.BaseRequestHandler):
    def handle(self): self.request.sendall(b"ok\n")
class S(socketserver.ThreadingTCPServer): allow_reuse_address = True; daemon_threads = True; request_queue_size = 512
S(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
P
echo_server=$!
trap 'kill $server $echo_server "$(cat "$BENCH_DIR/registry-bench/pid")" 2>/dev/null' EXIT
iperf=$(command -v iperf3)
libs=(-v /usr:/usr:ro -v /lib:/lib:ro)
[ -e /lib64 ] && libs+=(-v /lib64:/lib64:ro)

# NAME ADDRESS COMMAND...: Gbit/s out and back.
measure() {
	local name=$1 to=$2 way out=() r
	shift 2
	for way in "" -R; do
		r=$("$@" "$iperf" -J -c "$to" -p "$port" -t 3 $way 2>/dev/null |
			python3 -c 'import json,sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e9)' 2>/dev/null)
		out+=("${r:-0}")
	done
	echo "$name ${out[*]}"
}

{
	measure host 127.0.0.1 env
	[ -n "$CO_OK" ] && measure coracle-slirp 10.0.2.2 $(co_words) run --rm --network slirp:allow_host_loopback=true "${libs[@]}" "$IMG"
	[ -n "$PODMAN_OK" ] && have slirp4netns && measure podman-slirp4netns 10.0.2.2 $(podman_words) run --rm \
		--network slirp4netns:allow_host_loopback=true,mtu=65520 "${libs[@]}" "$IMG"
} | awk 'BEGIN { printf "\nTCP, one stream\n%-24s %10s %7s %10s %7s\n", "", "out Gbit/s", "ratio", "back", "ratio" }
	NR == 1 { a = $2; b = $3 } { printf "%-24s %10.2f %7.2f %10.2f %7.2f\n", $1, $2, a ? $2 / a : 0, $3, b ? $3 / b : 0 }'

# NAME PATTERN COMMAND...: PSS in MiB of the largest process of that executable after the connections.
short() {
	local name=$1 pattern=$2 id p exe k most=0
	shift 2
	id=$("$@" sh -c "i=0; while [ \$i -lt 3000 ]; do nc 10.0.2.2 $web </dev/null >/dev/null; i=\$((i+1)); done; echo done; sleep 1000") || return
	timeout 300 ${LOGS:?} "$id" 2>/dev/null | grep -qm1 done
	for p in $(pgrep -u "$(id -u)" .); do
		exe=$(readlink "/proc/$p/exe" 2>/dev/null) || continue
		[[ $exe =~ $pattern ]] || continue
		k=$(awk '/^Pss:/ { print $2 }' "/proc/$p/smaps_rollup" 2>/dev/null)
		[ "${k:-0}" -gt "$most" ] && most=$k
	done
	printf '%s\t%s\n' "$name" "$(awk -v k="$most" 'BEGIN { print k / 1024 }')"
	${REMOVE:?} "$id" >/dev/null 2>&1
}
{
	[ -n "$CO_OK" ] && LOGS="$(co_words) logs -f" REMOVE="$(co_words) rm -f -t 0" short coracle "^$CORACLE" \
		$(co_words) run -d --network slirp:allow_host_loopback=true "$IMG"
	[ -n "$PODMAN_OK" ] && command -v slirp4netns >/dev/null && LOGS="$(podman_words) logs -f" REMOVE="$(podman_words) rm -f -t 0" \
		short podman-slirp4netns slirp4netns $(podman_words) run -d --network slirp4netns:allow_host_loopback=true,mtu=65520 "$IMG"
} | bench_table "net process after 3,000 short connections" "MiB"
