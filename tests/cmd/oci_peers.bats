# coracle oci where the specification leaves it open and users of runc and crun have come to expect something. As an ordinary
# user, and as root (tests/as-root).

load helper
load oci

setup() { bundle_make; }
teardown() { bundle_remove; }

@test "--preserve-fds of a descriptor that is closed is an error" {
	program true
	status=0
	output=$("$CORACLE" oci --root "$STATE" run --bundle "$B" --preserve-fds 2 a 3</dev/null 4<&- 2>&1) || status=$?
	fails 1 "preserved-fd 1 (of 2) is not there: descriptor 4 is closed"
	nothing_left
	program sleep 100
	create a
	oci start a
	output=$("$CORACLE" oci --root "$STATE" exec --preserve-fds 1 a true 3<&- 2>&1) || status=$?
	fails 255 "preserved-fd 0 (of 1)"
}

# SIGNAL: a process that waits on the socket $BATS_TEST_TMPDIR/s, whose words go to the descriptor $words.
receiver() {
	exec {words}< <(exec python3 "$CORACLE_SRC/tests/cmd/receive-fd.py" "$BATS_TEST_TMPDIR/s" "$1" 3>&- 4>&-)
	read -r -u "$words" output
	says ready
}

@test "--pidfd-socket gets a pidfd: of create, run and exec" {
	program sleep 100
	receiver 9
	create a --pidfd-socket "$BATS_TEST_TMPDIR/s"
	ok
	read -r -u "$words" output
	says pidfd
	eventually is a stopped
	rm "$BATS_TEST_TMPDIR/s"
	program true
	receiver 0
	oci run --bundle "$B" --pidfd-socket "$BATS_TEST_TMPDIR/s" b
	ok
	program sleep 100
	create c
	oci start c
	rm "$BATS_TEST_TMPDIR/s"
	receiver 9
	oci exec --pidfd-socket "$BATS_TEST_TMPDIR/s" c sleep 100
	fails 137
	is c running
	oci exec --pidfd-socket "$BATS_TEST_TMPDIR/nothere" c true
	fails 255 "--pidfd-socket"
}

@test "process.env: of a variable that is set twice the last counts, and an empty HOME is none" {
	echo 'root:x:0:0:root:/the/home:/bin/sh' >"$B/rootfs/etc/passwd"
	change '.process.env = ["ONE=two", "HOME=/other", "PATH=/bin", "ONE=", "HOME="]'
	gives 'busybox env | busybox grep -E "^(ONE|HOME|PATH)" | busybox sort' "HOME=/the/home
ONE=
PATH=/bin"
}

@test "mounts: a tmpfs without a mode has that of the directory that it hides" {
	mkdir "$B/rootfs/place"
	chmod 0710 "$B/rootfs/place"
	change '.mounts += [{destination: "/place", type: "tmpfs", source: "tmpfs", options: []}]'
	gives 'busybox stat -c %a /place' 710
	change '.mounts[-1].options = ["mode=0410"]'
	gives 'busybox stat -c %a /place' 410
}

@test "hooks: one of startContainer has the program's filter of system calls" {
	ln -s busybox "$B/rootfs/bin/mkdir"
	change '.hooks.startContainer = [{path: "/bin/mkdir", args: ["mkdir", "/tmp/made"]}] |
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 100}]}'
	program true
	for no_new in true false; do
		change ".process.noNewPrivileges = $no_new"
		run_it
		fails 1 "error running startContainer hook #0: hooks.startContainer[0] /bin/mkdir: ended with status 1"
		has "Network is down"
	done
	[ ! -e "$B/rootfs/tmp/made" ]
}

@test "linux.namespaces[].path: /proc is of the pid namespace that is joined" {
	program sleep 100
	create a
	oci start a
	local pid
	pid=$("$CORACLE" oci --root "$STATE" state a | jq .pid)
	change ".linux.namespaces |= map(if .type == \"pid\" or .type == \"user\" then .path = \"/proc/$pid/ns/\" + .type else . end) |
		del(.linux.uidMappings, .linux.gidMappings)"
	shell 'cd /proc; echo [0-9]*'
	oci run --bundle "$B" b
	ok
	says "1 2"
}

@test "linux.uidMappings: a map without id 0, of a user who is nobody else" {
	local uid=100000
	if [ -z "$AS_ROOT" ]; then
		uid=$(id -u)
	else
		chown -R $uid:$uid "$B/rootfs"
		change '.linux.namespaces += [{type: "user"}]'
	fi
	change ".linux.uidMappings = [{containerID: 1000, hostID: $uid, size: 1}] | .linux.gidMappings = .linux.uidMappings |
		.process.user = {uid: 1000, gid: 1000} | (.mounts[] | select(.destination == \"/dev/pts\").options) -= [\"gid=5\"]"
	[ -n "$AS_ROOT" ] || change ".linux.gidMappings[0].hostID = $(id -g)"
	gives 'id -u; id -g; echo >/dev/shm/x; busybox stat -c %u:%g /dev/shm/x' "1000
1000
1000:1000"
}

@test "the processors that the runtime is bound to are not the container's" {
	local all one
	all=$(grep Cpus_allowed_list /proc/self/status)
	one=$(sed 's/.*:[[:space:]]*\([0-9]*\).*/\1/' <<<"$all")
	program grep Cpus_allowed_list /proc/self/status
	run -0 taskset -c "$one" "$CORACLE" oci --root "$STATE" run --bundle "$B" a
	says "$all"
	program sleep 100
	create b
	oci start b
	run -0 taskset -c "$one" "$CORACLE" oci --root "$STATE" exec b grep Cpus_allowed_list /proc/self/status
	says "$all"
}

@test "events: one line at each interval until the container ends" {
	program sleep 100
	create a
	oci events --interval never a
	[ -z "$AS_ROOT" ] || fails 1 "--interval never: not a duration"
	[ -n "$AS_ROOT" ] || return 0
	mkfifo "$BATS_TEST_TMPDIR/events"
	"$CORACLE" oci --root "$STATE" events --interval 20ms a >"$BATS_TEST_TMPDIR/events" 3>&- 4>&- &
	exec {feed}<"$BATS_TEST_TMPDIR/events"
	for i in 1 2; do
		read -r -u "$feed" output
		case $output in '{"type":"stats","id":"a","data":{'*) ;; *) no "no line of numbers" ;; esac
		jq -e '.data.pids.current == 1 and .data.cpu.usage.total > 0 and .data.memory.usage.usage > 0' <<<"$output"
	done
	oci kill a KILL
	cat <&"$feed" >/dev/null
	wait $!
}

@test "events: the kernel killed for want of memory" {
	[ -n "$AS_ROOT" ] || return 0
	change '.linux.resources.memory = {limit: 20000000}'
	# Its own copy of what it reads, which a disc cannot take.
	shell 'x=$(busybox dd if=/dev/zero bs=1M count=200 2>/dev/null | busybox tr "\0" a); echo $?'
	create a
	ok
	mkfifo "$BATS_TEST_TMPDIR/events"
	"$CORACLE" oci --root "$STATE" events --interval 20ms a >"$BATS_TEST_TMPDIR/events" 3>&- 4>&- &
	exec {feed}<"$BATS_TEST_TMPDIR/events"
	# It listens before it counts.
	read -r -u "$feed" output
	oci start a
	until [ "$output" = '{"type":"oom","id":"a"}' ]; do
		read -r -u "$feed" output || no "no word of it"
	done
	oci kill a KILL || :
	# What it goes on writing would fill the pipe.
	cat <&"$feed" >/dev/null
	wait $!
}

@test "exec --cgroup: PATH and CONTROLLERS:PATH, of cgroups that are there" {
	program sleep 100
	create a
	oci exec --cgroup ../.. a true
	fails 255 "--cgroup ../.."
	[ -n "$AS_ROOT" ] || return 0
	has "bad sub cgroup path"
	oci exec --cgroup nothere a true
	fails 255 "nothere: No such file or directory"
	oci exec --cgroup none:x a true
	fails 255 "unknown controller none"
	oci exec --cgroup / a true
	ok
	[ -d /sys/fs/cgroup/pids ] || return 0
	mkdir "/sys/fs/cgroup/pids/$(jq -r .linux.cgroupsPath "$B/config.json")/sub"
	oci exec --cgroup pids:sub a grep pids /proc/self/cgroup
	has ":pids:/sub"
	oci delete --force a
	nothing_left
}

@test "linux.resources.unified is an error on a machine of cgroup version 1" {
	[ -n "$AS_ROOT" ] && [ -d /sys/fs/cgroup/pids ] || return 0
	change '.linux.resources.unified = {"memory.min": "131072"}'
	program true
	run_it
	fails 1 "linux.resources.unified: invalid configuration"
	nothing_left
}
