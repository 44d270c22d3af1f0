# --runtime: containers of coracle's that another OCI runtime runs. The other one is coracle-oci, by that name and by its
# command line alone, since runc and crun do not run on every machine; what they need of control groups is theirs.

load helper

setup() {
	fresh_store
	dir=$BATS_TEST_TMPDIR/root
	mkdir -p "$dir"/{bin,etc}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for a in sh id cat echo ls sleep true tty stat; do ln -s busybox "$dir/bin/$a"; done
	R=$BATS_TEST_TMPDIR/coracle-oci
	ln -s "$CORACLE" "$R"
}

teardown() { remove_tree "$CORACLE_ROOT" "$dir"; }

@test "run: output, status, ids, files, filter; nothing is left" {
	echo data >"$BATS_TEST_TMPDIR/f"
	c --runtime "$R" run --rm --network none --init -v "$BATS_TEST_TMPDIR/f:/f:ro" -v named:/n --user 33:44 --read-only \
		--hostname there --rootfs "$dir" sh -c 'cat /f /proc/1/comm; id; echo x >/f; busybox hostname; busybox grep ^Seccomp: /proc/self/status
			exit 7'
	fails 7
	for line in data coracle-init 'uid=33 gid=44' 'Read-only file system' there 'Seccomp:	2'; do
		has "$line"
	done
	c ps -aq
	says ""
	[ -z "$(ls "$CORACLE_ROOT/containers")" ] || no "files are left"
}

@test "standard input and terminal" {
	output=$(echo typed | "$CORACLE" --runtime "$R" run --rm -i --network none --rootfs "$dir" cat)
	says typed
	c --runtime "$R" run --rm -t --network none --rootfs "$dir" tty
	ok
	has /dev/pts/
}

@test "network: the container's own, with its names" {
	c --runtime "$R" run --rm --rootfs "$dir" sh -c 'busybox ip -o -4 addr show; cat /etc/resolv.conf'
	ok
	has 10.0.2.100
	has "nameserver 10.0.2.3"
}

@test "detached: logs, inspect, stop, start, kill; all ends with the runtime" {
	c --runtime "$R" run -d --name d --network none --rootfs "$dir" sh -c 'trap "echo got; exit 3" TERM; echo up; while :; do sleep 0.1; done'
	ok
	eventually logged d up
	c inspect --format '{{.OCIRuntime}} {{.HostConfig.Runtime}} {{.State.Status}}' d
	says "$R $R running"
	c exec d true
	fails 125 "is run by $R"
	c cp d:/etc "$BATS_TEST_TMPDIR/x"
	fails 125 "is run by $R"
	c stop d
	c inspect --format '{{.State.ExitCode}}' d
	says 3
	c logs d
	says $'up\ngot'
	c start d
	ok
	c kill d
	c wait d
	says 137
	c rm d
	ok
	c --runtime "$R" create --name e --network none --rootfs "$dir" sh -c 'echo ran; exit 4'
	c start -a e
	fails 4
	says ran
	c rm e
	ok
}

# NAME TEXT
logged() { "$CORACLE" logs "$1" | grep -q "$2"; }

@test "what it cannot have is an error" {
	c --runtime "$BATS_TEST_TMPDIR/nothere" run --rm --rootfs "$dir" true
	fails 125 "there is no such program"
	c --runtime "$R" run --rm --pid host --network none --rootfs "$dir" true
	fails 125 "only the built-in runtime can share the host's pid namespace"
	c run -d --name first --network none --rootfs "$dir" sleep 100
	c --runtime "$R" run --rm --ipc container:first --network none --rootfs "$dir" true
	fails 125 "only the built-in runtime can join the namespaces of another container"
	c rm -f -t 0 first
	c --runtime "$R" run --rm --network none --rootfs "$dir" /nosuch
	fails 1 "No such file or directory"
	c ps -aq
	says ""
}
