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

# NAME STREAMS ADDRESS COMMAND...: Gbit/s out and back.
measure() {
	local name=$1 streams=$2 to=$3 way out=() r
	shift 3
	for way in "" -R; do
		r=$("$@" "$iperf" -J -c "$to" -p "$port" -t 2 -P "$streams" $way 2>/dev/null |
			python3 -c 'import json,sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e9)' 2>/dev/null)
		out+=("${r:-0}")
	done
	echo "$name ${out[*]}"
}

for streams in 1 8; do
	{
		measure host $streams 127.0.0.1 env
		[ -n "$CO_OK" ] && measure coracle-slirp $streams 10.0.2.2 $(co_words) run --rm --network slirp:allow_host_loopback=true "${libs[@]}" "$IMG"
		[ -n "$PODMAN_OK" ] && have slirp4netns && measure podman-slirp4netns $streams 10.0.2.2 $(podman_words) run --rm \
			--network slirp4netns:allow_host_loopback=true,mtu=65520 "${libs[@]}" "$IMG"
	} | awk -v n="$streams" 'BEGIN { printf "\nTCP, streams: %d\n%-24s %10s %7s %10s %7s\n", n, "", "out Gbit/s", "ratio", "back", "ratio" }
		NR == 1 { a = $2; b = $3 } { printf "%-24s %10.2f %7.2f %10.2f %7.2f\n", $1, $2, a ? $2 / a : 0, $3, b ? $3 / b : 0 }'
done

if [ -n "$CO_OK" ]; then
	published=$(free_port)
	id=$(co run -d -p "127.0.0.1:$published:5201" "${libs[@]}" "$IMG" "$iperf" -s)
	{
		measure host 1 127.0.0.1 env
		port=$published
		measure coracle-published 1 127.0.0.1 env
	} | awk 'BEGIN { printf "\nTCP to a published port\n%-24s %10s %7s %10s %7s\n", "", "in Gbit/s", "ratio", "back", "ratio" }
		NR == 1 { a = $2; b = $3 } { printf "%-24s %10.2f %7.2f %10.2f %7.2f\n", $1, $2, a ? $2 / a : 0, $3, b ? $3 / b : 0 }'
	co rm -f -t 0 "$id" >/dev/null
fi

# NAME PATTERN COMMAND...: PSS in MiB of the largest process of that name after the connections.
short() {
	local name=$1 pattern=$2 id p comm k i most=0 out=$BENCH_DIR/slirp-out
	shift 2
	rm -f "$out/done"
	id=$("$@" -v "$out:/out" "$IMG" sh -c "i=0; while [ \$i -lt 3000 ]; do nc 10.0.2.2 $web </dev/null >/dev/null; i=\$((i+1)); done; touch /out/done; sleep 1000") || return
	for ((i = 0; i < 600; i++)); do [ -e "$out/done" ] && break; sleep 0.1; done
	[ -e "$out/done" ] || say "$name: 3,000 connections took more than a minute"
	for p in $(pgrep -u "$(id -u)" .); do
		comm=$(cat "/proc/$p/comm" 2>/dev/null) || continue
		[[ $comm =~ $pattern ]] || continue
		k=$(pss "$p")
		[ "${k:-0}" -gt "$most" ] && most=$k
	done
	printf '%s\t%s\n' "$name" "$(awk -v k="$most" 'BEGIN { print k / 1024 }')"
	${REMOVE:?} "$id" >/dev/null 2>&1
}
mkdir -p "$BENCH_DIR/slirp-out"
chmod 777 "$BENCH_DIR/slirp-out"
{
	[ -n "$CO_OK" ] && REMOVE="$(co_words) rm -f -t 0" short coracle "^coracle-net" \
		$(co_words) run -d --network slirp:allow_host_loopback=true
	[ -n "$PODMAN_OK" ] && command -v slirp4netns >/dev/null && REMOVE="$(podman_words) rm -f -t 0" \
		short podman-slirp4netns slirp4netns $(podman_words) run -d --network slirp4netns:allow_host_loopback=true,mtu=65520
} | bench_table "net process after 3,000 short connections" "MiB" | tee "$BENCH_DIR/slirp.table"
verdict "net process after 3,000 connections, MiB" "$(cell "$BENCH_DIR/slirp.table" coracle 2)" at-most 64
