# lib.sh - what the benchmarks share. Sourced, from the build directory, by an ordinary user.
#
#   CORACLE    the program to measure (./coracle)
#   BENCH_DIR  where images and stores are kept between runs (in /dev/shm where 4 GiB are free, else in TMPDIR): a file
#              system that needs a millisecond to make a file, as some do, would be all that is measured
#   RUNS       runs of each command (30)
#   NO_PEERS   leave podman out
#
# Numbers are medians; a table gives the ratio of each line to its first. A peer that is not installed, or does not
# work here, is named and left out.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CORACLE=$(realpath "${CORACLE:-./coracle}")
FLOOR=$(dirname "$CORACLE")/tests/bench/floor
if [ -z "${BENCH_DIR-}" ]; then
	place=/dev/shm
	[ "$(df --output=avail -k "$place" 2>/dev/null | tail -n 1)" -ge $((4 << 20)) ] 2>/dev/null &&
		! grep -q " $place .*noexec" /proc/mounts || place=${TMPDIR:-/tmp}
	export BENCH_DIR=$place/coracle-bench-$(id -u) BENCH_DISK=${TMPDIR:-/tmp}/coracle-bench-$(id -u)
fi
export VERDICTS=${VERDICTS:-$BENCH_DIR/verdicts}
# ON_DISK: for what is held against the disk itself.
[ -z "${ON_DISK-}" ] || BENCH_DIR=${BENCH_DISK:-$BENCH_DIR}
RUNS=${RUNS:-30}
SUITE=$BENCH_DIR
export SUITE FLOOR_DIR=$BENCH_DIR/floor
mkdir -p "$BENCH_DIR" "$FLOOR_DIR"
chmod 711 "$BENCH_DIR" "$FLOOR_DIR"
# Run directories: in memory, as a login gives one, and by a short path, because podman's sockets are named by it.
if [ -z "${XDG_RUNTIME_DIR-}" ]; then
	XDG_RUNTIME_DIR=/dev/shm/bench-$(id -u)
	mkdir -m 700 "$XDG_RUNTIME_DIR" 2>/dev/null
	[ -O "$XDG_RUNTIME_DIR" ] && [ -d "$XDG_RUNTIME_DIR" ] || XDG_RUNTIME_DIR=$(mktemp -d)
	export XDG_RUNTIME_DIR
fi
. "$here/../cmd/images.bash"
. "$here/../cmd/registry.bash"

say() { printf '%s\n' "$*" >&2; }
need() { local p; for p; do command -v "$p" >/dev/null || { say "$(basename "$0"): $p is not installed"; exit 1; }; done; }
have() { command -v "$1" >/dev/null || { say "not measured: $1 is not installed"; return 1; }; }
# WHAT COMMAND...: does it work here at all?
works() { local what=$1; shift; "$@" >"$BENCH_DIR/works.log" 2>&1 || { say "not measured: $what: $(tail -n 1 "$BENCH_DIR/works.log")"; return 1; }; }

# Files of other ids can be removed only by root of their user namespace.
forget() { rm -rf "$1" 2>/dev/null || unshare --map-root-user --map-users=auto --map-groups=auto rm -rf "$1"; }

co() { "$CORACLE" --root "$BENCH_DIR/coracle" "$@"; }
co_words() { echo "$CORACLE --root $BENCH_DIR/coracle"; }

# podman with a store of its own for each driver: it stays with the driver that a store has begun with.
podman_words() {
	local driver=${1:-overlay} runtime
	runtime=$(cat "$BENCH_DIR/podman-runtime" 2>/dev/null || echo crun)
	echo "podman --root $BENCH_DIR/podman-$driver --runroot $XDG_RUNTIME_DIR/p-$driver --storage-driver $driver" \
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
	registry_push "$layout:layers" "$REGISTRY_BENCH/layers:latest" || exit 1
	LAYERS=$REGISTRY_BENCH/layers:latest
	CERTS=$BENCH_DIR/tls/certs IMG=$REGISTRY_BENCH/busybox:latest
	CO_OK= PODMAN_OK=
	forget "$BENCH_DIR/coracle"
	works "coracle pull" co pull -q --cert-dir "$CERTS" "$IMG" && works "coracle run" co run --rm --network none "$IMG" true &&
		works "coracle pull, several layers" co pull -q --cert-dir "$CERTS" "$LAYERS" && CO_OK=1
	[ -z "${NO_PEERS-}" ] && have podman && podman_setup && PODMAN_OK=1
	return 0
}

podman_setup() {
	local r
	works "podman pull" $(podman_words) pull -q --cert-dir "$CERTS" "$IMG" || return 1
	for r in $(cat "$BENCH_DIR/podman-runtime" 2>/dev/null) crun runc; do
		echo $r >"$BENCH_DIR/podman-runtime"
		works "podman with $r" $(podman_words) run --rm --network none "$IMG" true && return 0
	done
	return 1
}

# IMAGE-TAG: the image's layers in coracle's store as overlayfs wants them, the uppermost first.
store_layers() {
	skopeo inspect --config --raw "oci:$BENCH_DIR/images:$1" | python3 -c '
import json, sys
ids = json.load(sys.stdin)["rootfs"]["diff_ids"]
print(":".join(f"{sys.argv[1]}/layers/{i.split(chr(58))[1]}/tree" for i in reversed(ids)))' "$BENCH_DIR/coracle"
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

# WHAT VALUE at-most|at-least BUDGET: a line of all.sh's summary.
verdict() { [ -n "${2-}" ] && printf '%s\t%s\t%s\t%s\n' "$@" >>"$VERDICTS"; }
# FILE-OF-A-TABLE NAME COLUMN: a number of a printed table (of a name without blanks).
cell() { awk -v n="$2" -v c="$3" '$1 == n { print $c; exit }' "$1"; }

# TITLE NAME COMMAND [NAME COMMAND...]: medians of RUNS rounds, and ratios to the first.
bench_compare() { python3 "$here/compare.py" "$RUNS" "$@"; }

# TITLE UNIT [more|less]: lines "NAME<tab>NUMBER" from stdin as a table with ratios to the first.
bench_table() {
	awk -F'\t' -v title="$1" -v unit="$2" 'BEGIN { printf "\n%s\n%-28s %12s %7s\n", title, "", unit, "ratio" }
		NR == 1 { first = $2 } { printf "%-28s %12.2f %7.2f\n", $1, $2, (first ? $2 / first : 0) }'
}

# PSS of a process in KiB. The net and port processes let nobody look into them, so only root sees theirs: for others
# their anonymous memory stands in, which is less than PSS by the shares of the program's file.
pss() {
	awk '/^Pss:/ { s += $2 } END { if (NR) print s + 0; else exit 1 }' "/proc/$1/smaps_rollup" 2>/dev/null ||
		awk '/^RssAnon:/ { s += $2 } END { print s + 0 }' "/proc/$1/status" 2>/dev/null || echo 0
}

now() { date +%s.%N; }
# COMMAND...: seconds that it takes.
seconds() { local a b; a=$(now); "$@" >/dev/null 2>&1; b=$(now); awk -v a="$a" -v b="$b" 'BEGIN { print b - a }'; }
