# coracle oci as root's runtime: under Debian's containerd and podman, and of a bundle that umoci unpacked. Root's only
# (tests/as-root).

load ../helper
load ../oci

setup() {
	bundle_make
	# podman and containerd give the sanitizers' settings to nobody.
	RUNTIME=$BATS_TEST_TMPDIR/coracle-oci
	printf '#!/bin/sh\nASAN_OPTIONS=%s exec %s oci "$@"\n' "${ASAN_OPTIONS-}" "$CORACLE" >"$RUNTIME"
	chmod +x "$RUNTIME"
	export HOME=$BATS_TEST_TMPDIR
}

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/store" ] || podman_ rm -f -a -t 0 >/dev/null 2>&1 || :
	if [ -e "$BATS_TEST_TMPDIR/containerd" ]; then
		ctr_ task kill -s KILL d 2>/dev/null || :
		ctr_ task rm -f d >/dev/null 2>&1 || :
		kill "$(cat "$BATS_TEST_TMPDIR/containerd")" || :
	fi
	bundle_remove
}

podman_() {
	podman --root "$BATS_TEST_TMPDIR/store" --runroot "/run/podman-$$" --storage-driver vfs --runtime "$RUNTIME" \
		--cgroup-manager cgroupfs --events-backend none "$@"
}

ctr_() { ctr -a "$BATS_TEST_TMPDIR/c.sock" "$@"; }

# WORD...: ctr run with our runtime and root file system.
ctr_run() { ctr_ run --cgroup "/coracle-oci-tests/c$RANDOM" --rootfs --runc-binary "$RUNTIME" "$@"; }

# The daemon on this test's own directories.
containerd_start() {
	cat >"$BATS_TEST_TMPDIR/c.toml" <<-EOF
		version = 2
		root = "$BATS_TEST_TMPDIR/croot"
		state = "$BATS_TEST_TMPDIR/cstate"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs",
		  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
		[grpc]
		  address = "$BATS_TEST_TMPDIR/c.sock"
		[ttrpc]
		  address = "$BATS_TEST_TMPDIR/c.sock.ttrpc"
	EOF
	containerd -c "$BATS_TEST_TMPDIR/c.toml" >"$BATS_TEST_TMPDIR/clog" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/containerd"
	eventually ctr_ version >/dev/null 2>&1
}

task_is() { [ "$(ctr_ task ls | awk '$1 == "d" { print $3 }')" = "$1" ]; }

@test "containerd: run, output and status, exec, terminal, pause, kill" {
	containerd_start
	status=0
	output=$(ctr_run --rm "$B/rootfs" a /bin/sh -c 'id -u; echo $HOME; exit 5') || status=$?
	fails 5
	says "0
/"
	output=$(TERM=xterm script -qec "ctr -a '$BATS_TEST_TMPDIR/c.sock' run --rm -t --cgroup /coracle-oci-tests/t --rootfs --runc-binary '$RUNTIME' '$B/rootfs' t /bin/busybox tty" \
		/dev/null </dev/null | tr -d '\r')
	has /dev/pts/0
	ctr_run -d "$B/rootfs" d /bin/sleep 100 3>&- 4>&-
	eventually task_is RUNNING
	status=0
	output=$(ctr_ task exec --exec-id e d /bin/sh -c 'cat /proc/1/cmdline; exit 3') || status=$?
	fails 3 /bin/sleep
	ctr_ task pause d
	task_is PAUSED
	ctr_ task resume d
	task_is RUNNING
	ctr_ task kill -s KILL d
	eventually task_is STOPPED
	ctr_ task rm d || : # it says the status of what was killed
	ctr_ container rm d
}

@test "podman as root: run, limits, volumes, exec, terminal, pause, stop" {
	tar -C "$B/rootfs" -cf - . | podman_ import - t >/dev/null
	local how=(--ulimit nofile=1000:1000 --ulimit nproc=1000:1000 --network none --cgroup-parent /coracle-oci-tests)
	status=0
	output=$(podman_ run --rm "${how[@]}" -v "$BATS_TEST_TMPDIR:/v:ro" --pids-limit 50 t /bin/sh -c 'ls /v/bundle/config.json; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; exit 5') ||
		status=$?
	fails 5 "config.json"
	has 50
	status=0
	podman_ run --rm "${how[@]}" t /bin/nothere 2>/dev/null || status=$?
	fails 127
	podman_ run -d --name d "${how[@]}" t /bin/sleep 100 >/dev/null 3>&- 4>&-
	[ "$(podman_ exec d /bin/cat /proc/1/cmdline | tr '\0' ' ')" = "/bin/sleep 100 " ]
	[ "$(podman_ exec -u 5:6 d /bin/id -u)" = 5 ]
	podman_ pause d
	[ "$(podman_ inspect -f '{{.State.Status}}' d)" = paused ]
	podman_ unpause d
	[ "$(podman_ inspect -f '{{.State.Status}}' d)" = running ]
	podman_ stop -t 0 d
	[ "$(podman_ inspect -f '{{.State.Status}} {{.State.ExitCode}}' d)" = "exited 137" ]
}

@test "a bundle that umoci unpacked" {
	source "$CORACLE_SRC/tests/cmd/images.bash"
	image_busybox "$BATS_TEST_TMPDIR/images" >/dev/null
	umoci unpack --image "$BATS_TEST_TMPDIR/images:busybox" "$BATS_TEST_TMPDIR/unpacked"
	B=$BATS_TEST_TMPDIR/unpacked
	change ".process.terminal = false | .linux.cgroupsPath = \"/coracle-oci-tests/$BATS_TEST_NUMBER-$$\""
	program /bin/sh -c 'echo $HOME; ls /bin/busybox; id -u; exit 4'
	run_it
	fails 4
	says "/root
/bin/busybox
0"
}
