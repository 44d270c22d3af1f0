# oci.bash - a bundle with busybox in $B, and coracle oci on it: for bats files that run as an ordinary user and as root.

AS_ROOT=$([ "$(id -u)" = 0 ] && echo yes) || :

# WORD...: the runtime, as bats' run does.
oci() { c oci --root "$STATE" "$@"; }

bundle_make() {
	STATE=$BATS_TEST_TMPDIR/state
	B=$BATS_TEST_TMPDIR/bundle
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p -m 700 "$XDG_RUNTIME_DIR"
	mkdir -p "$B/rootfs/bin" "$B/rootfs/tmp" "$B/rootfs/etc"
	cp /bin/busybox "$B/rootfs/bin/"
	for name in sh true cat ls sleep grep wc id; do ln -s busybox "$B/rootfs/bin/$name"; done
	if [ -n "$AS_ROOT" ]; then
		# Root's cgroups are the machine's: all of ours are below one.
		"$CORACLE" oci spec --bundle "$B"
		change ".linux.cgroupsPath = \"/coracle-oci-tests/$BATS_TEST_NUMBER-$$\""
	else
		"$CORACLE" oci spec --rootless --bundle "$B"
	fi
	change '.process.terminal = false | .root.readonly = false'
}

bundle_remove() { "$CORACLE" oci --root "$STATE" delete --force --regex '.*' || :; }

# FILTER: change config.json by jq.
change() { jq "$1" "$B/config.json" >"$B/new" && mv "$B/new" "$B/config.json"; }

# WORD...: the program of the bundle.
program() { change ".process.args = $(jq -cn '$ARGS.positional' --args -- "$@")"; }

# LINE: a shell line as the program.
shell() { program sh -c "$1"; }

# All ids that an ordinary user may have, root's own for root.
many_ids() {
	[ -z "$AS_ROOT" ] || return 0
	change ".linux.uidMappings = [{containerID: 0, hostID: $(id -u), size: 1}, {containerID: 1, hostID: 1000000, size: 65535}] |
		.linux.gidMappings = [{containerID: 0, hostID: $(id -g), size: 1}, {containerID: 1, hostID: 1000000, size: 65535}]"
}

# Run it; $output is what it says.
run_it() { oci run --bundle "$B" "$@" a; }

# LINE EXPECTED: run the shell line in the container, which says that.
gives() {
	shell "$1"
	run_it
	ok
	says "$2"
}

# ID [OPTION...]: create, with no stream of ours in the process that waits.
create() {
	local id=$1
	shift
	status=0
	"$CORACLE" oci --root "$STATE" create --bundle "$B" "$@" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/out")
}

# ID STATUS
is() { [ "$("$CORACLE" oci --root "$STATE" state "$1" | jq -r .status)" = "$2" ] || no "$1 is not $2"; }

# No state, cgroup or mount of the containers is left.
nothing_left() {
	[ -z "$(ls "$STATE" 2>/dev/null)" ] || no "state is left"
	! grep -q " $B/" /proc/self/mountinfo || no "a mount is left"
	[ -z "$(find /sys/fs/cgroup -maxdepth 3 -path "*coracle-oci-tests/$BATS_TEST_NUMBER-$$*" 2>/dev/null)" ] || no "a cgroup is left"
}
