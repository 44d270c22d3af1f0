# lib.sh - what the benchmarks share. Sourced, from the build directory, by an ordinary user.
#
#   CORACLE    the program to measure (./coracle)
#   BENCH_DIR  where images and stores are kept between runs (${TMPDIR:-/tmp}/coracle-bench-USER)
#   RUNS       runs of each command (30)
#
# Numbers are medians; a table gives the ratio of each line to its first. A peer that is not installed, or does not
# work here, is named and left out.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CORACLE=$(realpath "${CORACLE:-./coracle}")
FLOOR=$(dirname "$CORACLE")/tests/bench/floor
BENCH_DIR=${BENCH_DIR:-${TMPDIR:-/tmp}/coracle-bench-$(id -un)}
RUNS=${RUNS:-30}
SUITE=$BENCH_DIR
export SUITE FLOOR_DIR=$BENCH_DIR/floor
mkdir -p "$BENCH_DIR" "$FLOOR_DIR"
chmod 711 "$BENCH_DIR" "$FLOOR_DIR"
[ -n "${XDG_RUNTIME_DIR-}" ] || { export XDG_RUNTIME_DIR=$BENCH_DIR/run; mkdir -p -m 700 "$XDG_RUNTIME_DIR"; }
. "$here/../cmd/images.bash"
. "$here/../cmd/registry.bash"

say() { printf '%s\n' "$*" >&2; }
need() { local p; for p; do command -v "$p" >/dev/null || { say "$(basename "$0"): $p is not installed"; exit 1; }; done; }
have() { command -v "$1" >/dev/null || { say "not measured: $1 is not installed"; return 1; }; }
# WHAT COMMAND...: does it work here at all?
works() { local what=$1; shift; "$@" >"$BENCH_DIR/works.log" 2>&1 || { say "not measured: $what: $(tail -n 1 "$BENCH_DIR/works.log")"; return 1; }; }

co() { "$CORACLE" --root "$BENCH_DIR/coracle" "$@"; }
co_words() { echo "$CORACLE --root $BENCH_DIR/coracle"; }

# podman with a store of its own for each driver: it stays with the driver that a store has begun with.
podman_words() {
	local driver=${1:-overlay} runtime
	runtime=$(cat "$BENCH_DIR/podman-runtime" 2>/dev/null || echo crun)
	echo "podman --root $BENCH_DIR/podman-$driver --runroot $BENCH_DIR/podman-run-$driver --storage-driver $driver" \
		"--cgroup-manager cgroupfs --events-backend file --runtime $runtime"
}

# The images, a registry, and both stores filled from it.
bench_images() {
	need umoci skopeo docker-registry openssl busybox curl python3
	local layout=$BENCH_DIR/images
	if ! [ -e "$layout/done" ]; then
		rm -rf "$layout"
		image_busybox "$layout" && image_layers "$layout" && : >"$layout/done" || exit 1
	fi
	[ -e "$BENCH_DIR/tls/ca.crt" ] || registry_certificates "$BENCH_DIR/tls"
	registry_start bench || exit 1
	trap 'kill "$(cat "$BENCH_DIR/registry-bench/pid")" 2>/dev/null' EXIT
	registry_push "$layout:busybox" "$REGISTRY_BENCH/busybox:latest" || exit 1
	CERTS=$BENCH_DIR/tls/certs IMG=$REGISTRY_BENCH/busybox:latest
	CO_OK= PODMAN_OK=
	works "coracle pull" co pull -q --cert-dir "$CERTS" "$IMG" && works "coracle run" co run --rm --network none "$IMG" true && CO_OK=1
	have podman && podman_setup && PODMAN_OK=1
	return 0
}

podman_setup() {
	local r
	works "podman pull" $(podman_words) pull -q --cert-dir "$CERTS" "$IMG" || return 1
	for r in crun runc; do
		echo $r >"$BENCH_DIR/podman-runtime"
		works "podman with $r" $(podman_words) run --rm --network none "$IMG" true && return 0
	done
	return 1
}

# A plain root directory for those who have no images.
bench_rootfs() {
	ROOTFS=$BENCH_DIR/rootfs
	[ -e "$ROOTFS/bin/true" ] && return
	mkdir -p "$ROOTFS"/{bin,dev,proc,sys,tmp,etc,run}
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	"$ROOTFS/bin/busybox" --list | grep -vx busybox | while read -r a; do ln -sf busybox "$ROOTFS/bin/$a"; done
}

# RUNTIME: a bundle that it accepts, "true" without a terminal.
bench_bundle() {
	local b=$BENCH_DIR/bundle-$1
	rm -rf "$b"
	mkdir -p "$b"
	(cd "$b" && "$1" spec --rootless) || return 1
	python3 - "$b/config.json" "$ROOTFS" <<'P'
import json, sys
c = json.load(open(sys.argv[1]))
c["process"].update(terminal=False, args=["true"]); c["root"] = {"path": sys.argv[2], "readonly": True}
# A machine with cgroup v1 has none to mount for us.
c["mounts"] = [m for m in c["mounts"] if m["type"] != "cgroup"]
json.dump(c, open(sys.argv[1], "w"))
P
	echo "$b"
}

# TITLE NAME COMMAND [NAME COMMAND...]: measure one by one, print medians and the ratio to the first.
bench_compare() {
	need hyperfine python3
	local title=$1 args=()
	shift
	while [ $# -ge 2 ]; do
		args+=(-n "$1" "$2")
		shift 2
	done
	hyperfine -N --style none --warmup 3 --runs "$RUNS" --export-json "$BENCH_DIR/h.json" "${args[@]}" >"$BENCH_DIR/h.log" 2>&1 ||
		{ say "$title: $(grep -v '^ *$' "$BENCH_DIR/h.log" | tail -n 2)"; return 1; }
	python3 - "$title" "$BENCH_DIR/h.json" <<'P'
import json, sys
r = json.load(open(sys.argv[2]))["results"]
print(f"\n{sys.argv[1]}\n{'':28} {'median ms':>10} {'cpu ms':>8} {'ratio':>7}")
for x in r:
    print(f"{x['command']:28} {x['median'] * 1e3:10.2f} {(x['user'] + x['system']) * 1e3:8.2f} {x['median'] / r[0]['median']:7.2f}")
P
}

# TITLE UNIT [more|less]: lines "NAME<tab>NUMBER" from stdin as a table with ratios to the first.
bench_table() {
	awk -F'\t' -v title="$1" -v unit="$2" 'BEGIN { printf "\n%s\n%-28s %12s %7s\n", title, "", unit, "ratio" }
		NR == 1 { first = $2 } { printf "%-28s %12.2f %7.2f\n", $1, $2, (first ? $2 / first : 0) }'
}

now() { date +%s.%N; }
# COMMAND...: seconds that it takes.
seconds() { local a b; a=$(now); "$@" >/dev/null 2>&1; b=$(now); awk -v a="$a" -v b="$b" 'BEGIN { print b - a }'; }
