# coracle oci: the OCI runtime by itself, and under podman. As the ordinary user.

load helper

setup() {
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p -m 700 "$XDG_RUNTIME_DIR"
	B=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$B/rootfs/bin" "$B/rootfs/tmp"
	cp /bin/busybox "$B/rootfs/bin/"
	for name in sh true cat ls sleep grep wc id; do ln -s busybox "$B/rootfs/bin/$name"; done
	"$CORACLE" oci spec --rootless --bundle "$B"
	change '.process.terminal = false | .root.readonly = false'
}

teardown() {
	"$CORACLE" oci delete --force --regex '.*' || :
	if [ -e "$BATS_TEST_TMPDIR/store" ]; then
		podman_ rm -f -a >/dev/null 2>&1 || :
		# podman leaves a process that keeps its user namespace.
		kill "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")" 2>/dev/null || :
		remove_tree "$BATS_TEST_TMPDIR/store"
	fi
}

# FILTER: change config.json by jq.
change() { jq "$1" "$B/config.json" >"$B/new" && mv "$B/new" "$B/config.json"; }

# WORD...: the program of the bundle.
program() { change ".process.args = $(jq -cn '$ARGS.positional' --args -- "$@")"; }

oci() { c oci "$@"; }

# ID [OPTION...]: create, with no stream of ours in the process that waits.
create() {
	local id=$1
	shift
	status=0
	"$CORACLE" oci create --bundle "$B" "$@" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- 4>&- || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/out")
}

# ID STATUS
is() { [ "$("$CORACLE" oci state "$1" | jq -r .status)" = "$2" ] || no "$1 is not $2"; }

podman_() {
	podman --root "$BATS_TEST_TMPDIR/store" --runroot "$BATS_TEST_TMPDIR/prun" --storage-driver vfs \
		--runtime "$BATS_TEST_TMPDIR/coracle-oci" --cgroup-manager cgroupfs --events-backend none "$@"
}

@test "a bundle for root, run by another, gets a user namespace with all ids of the user" {
	change 'del(.linux.namespaces[] | select(.type == "user")) | del(.linux.uidMappings, .linux.gidMappings)'
	program sleep 100
	create a
	ok
	oci start a
	oci exec a id -u
	says 0
	oci exec a cat /proc/self/uid_map
	[ "$(awk 'NR == 1 { print $1, $2, $3 }' <<<"$output")" = "0 $(id -u) 1" ]
	[ "$(wc -l <<<"$output")" -ge 2 ]
	oci delete --force a
	ok
}

@test "run: status, output and nothing left" {
	program sh -c 'echo hello; exit 7'
	oci run --bundle "$B" a
	fails 7
	says hello
	oci list -q
	says ""
	[ -z "$(ls "$XDG_RUNTIME_DIR/coracle-oci")" ]
}

@test "lifecycle: created, running, stopped; what each state refuses" {
	program sleep 100
	create c1 --pid-file "$BATS_TEST_TMPDIR/pid"
	ok
	is c1 created
	[ "$("$CORACLE" oci state c1 | jq .pid)" = "$(cat "$BATS_TEST_TMPDIR/pid")" ]
	create c1
	fails 1 "exists"
	oci delete c1
	fails 1 "not stopped"
	oci start c1
	ok
	is c1 running
	oci start c1
	fails 1 "cannot be started"
	oci kill c1 KILL
	ok
	eventually is c1 stopped
	oci kill c1
	fails 1 "not running"
	oci delete c1
	ok
	oci state c1
	fails 1 "does not exist"
	oci delete c1
	fails 1 "does not exist"
	oci delete --force c1
	ok
}

@test "state: the specification's members, and annotations" {
	program sleep 100
	change '.annotations = {"org.example": "x y"}'
	create c1
	oci state c1
	[ "$(jq -r '[.ociVersion, .id, .status, .bundle, .annotations["org.example"]] | join(" ")' <<<"$output")" = \
		"1.0.2 c1 created $B x y" ]
}

@test "exec: environment, status, --process, in the container's namespaces" {
	program sleep 100
	create c1
	oci start c1
	oci exec --env A=b c1 sh -c 'echo $A $(cat /proc/1/cmdline | tr "\0" " "); exit 3'
	fails 3
	has "b sleep 100"
	echo '{"args":["id","-u"],"cwd":"/","user":{"uid":0,"gid":0},"env":["PATH=/bin"]}' >"$BATS_TEST_TMPDIR/p"
	oci exec --process "$BATS_TEST_TMPDIR/p" c1
	ok
	says 0
	oci exec c1 nothere
	fails 255 "not found"
	echo '{"args":[1]}' >"$BATS_TEST_TMPDIR/p"
	oci exec --process "$BATS_TEST_TMPDIR/p" c1
	fails 255 "process.args: not an array of strings: 1"
}

@test "hooks: all six, in order, with the state on standard input" {
	cat >"$BATS_TEST_TMPDIR/hook" <<-'EOF'
		#!/bin/sh
		state=$(cat)
		printf '%s %s\n' "$2" "$(printf %s "$state" | tr -d ' ' | grep -o '"status":"[a-z]*"')" >>"$1"
	EOF
	chmod +x "$BATS_TEST_TMPDIR/hook"
	cp "$BATS_TEST_TMPDIR/hook" "$B/rootfs/hook"
	ln -s busybox "$B/rootfs/bin/tr"
	for kind in prestart createRuntime createContainer poststart poststop; do
		change ".hooks.$kind = [{path: \"$BATS_TEST_TMPDIR/hook\", args: [\"hook\", \"$BATS_TEST_TMPDIR/log\", \"$kind\"],
			env: [\"PATH=/usr/bin:/bin\"]}]"
	done
	change '.hooks.startContainer = [{path: "/hook", args: ["hook", "/log", "startContainer"], env: ["PATH=/bin"]}]'
	program true
	oci run --bundle "$B" a
	ok
	[ "$(cat "$BATS_TEST_TMPDIR/log")" = 'prestart "status":"creating"
createRuntime "status":"creating"
createContainer "status":"creating"
poststart "status":"running"
poststop "status":"stopped"' ] || no "$(cat "$BATS_TEST_TMPDIR/log")"
	[ "$(cat "$B/rootfs/log")" = 'startContainer "status":"created"' ]
}

@test "hooks: a failing or slow one fails the creation and leaves nothing" {
	program true
	change '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo no such luck >&2; exit 9"]}]'
	create c1
	fails 1 "hooks.createRuntime[0] /bin/sh: ended with status 9: no such luck"
	[ -z "$(ls "$XDG_RUNTIME_DIR/coracle-oci")" ]
	change '.hooks.createRuntime = [{path: "/bin/sleep", args: ["sleep", "60"], timeout: 1}]'
	create c1
	fails 1 "not done after 1 s"
	[ -z "$(ls "$XDG_RUNTIME_DIR/coracle-oci")" ]
}

@test "bad input: the path, what it held, what was expected" {
	while IFS=$'\t' read -r filter message; do
		cp "$B/config.json" "$B/good"
		change "$filter"
		create bad
		fails 1 "$message"
		mv "$B/good" "$B/config.json"
	done <<-'EOF'
		.process.user.uid = "x"	process.user.uid: not a number: "x"
		.mounts[0].destination = 5	mounts[0].destination: not a string: 5
		.ociVersion = "2.0.0"	ociVersion: only versions 1.x are supported: "2.0.0"
		del(.root)	root.path: is missing
		.process.cwd = "tmp"	process.cwd: is not an absolute path: "tmp"
		.process.rlimits = [{"type":"RLIMIT_CORE","hard":0,"soft":0},{"type":"RLIMIT_CORE","hard":0,"soft":0}]	process.rlimits[1].type: is listed twice
		.linux.intelRdt = {"closID":"x"}	linux.intelRdt: not supported
		.linux.maskedPaths = ["relative"]	linux.maskedPaths: not an array of absolute paths
		.linux.readonlyPaths = ["../x"]	linux.readonlyPaths: not an array of absolute paths
		.annotations = {"": "x"}	annotations: a key is empty
		.linux.devices = [{"path":"/dev/x","type":"c"}]	linux.devices[0].major: major and minor are needed
		.linux.namespaces |= map(select(.type != "uts"))	hostname and domainname: need a uts namespace
		.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":1}	defaultErrnoRet: SCMP_ACT_ALLOW has no errno
		.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["x"],"action":"SCMP_ACT_KILL","errnoRet":1}]}	syscalls[0].errnoRet: SCMP_ACT_KILL has no errno
		.process.args = ["/nothere"]	executable file '/nothere' not found
		.mounts += [{"destination":"/x","type":"bind","source":"/nothere","options":["bind"]}]	bind /nothere at /x
	EOF
	[ -z "$(ls "$XDG_RUNTIME_DIR/coracle-oci")" ]
	echo '{' >"$B/config.json"
	create bad
	fails 1 "config.json: line"
}

@test "limits that nobody can set are refused, whoever manages control groups" {
	change '.linux.resources = {"pids":{"limit":10}}'
	for manager in systemd disabled; do
		cs oci --cgroup-manager "$manager" create --bundle "$B" limited
		fails 1 "linux.resources: limits"
	done
	cs oci --systemd-cgroup create --bundle "$B" limited
	fails 1 "--cgroup-manager cgroupfs"
	[ -z "$(ls "$XDG_RUNTIME_DIR/coracle-oci")" ]
}

@test "a runtime that is killed at any step leaves what delete --force removes" {
	program sleep 100
	for n in 60 100 130 150 160 170 180 190 200; do
		strace -qq -o /dev/null -e inject=all:signal=KILL:when=$n \
			"$CORACLE" oci create --bundle "$B" k </dev/null >/dev/null 2>&1 3>&- 4>&- || :
		oci delete --force k
		ok
		[ -z "$(ls "$XDG_RUNTIME_DIR/coracle-oci" 2>/dev/null)" ] || no "left after $n"
	done
}

@test "a state directory in /tmp that others can write to is not used" {
	unset XDG_RUNTIME_DIR
	export TMPDIR=$BATS_TEST_TMPDIR
	mkdir "$TMPDIR/coracle-oci-$(id -u)"
	chmod 777 "$TMPDIR/coracle-oci-$(id -u)"
	oci list
	[ "$status" -ne 0 ]
	[[ $output == *"others can write to it"* ]]
	chmod 700 "$TMPDIR/coracle-oci-$(id -u)"
	oci list
	[ "$status" -eq 0 ]
}

@test "--preserve-fds passes them on, and nothing else is open" {
	program sh -c 'cat <&3; ls /proc/self/fd | wc -l'
	echo passed >"$BATS_TEST_TMPDIR/f"
	output=$("$CORACLE" oci run --bundle "$B" --preserve-fds 1 a 3<"$BATS_TEST_TMPDIR/f" 4</ 5</etc/passwd)
	says "passed
5" # 0, 1, 2, 3, and the directory that ls reads
}

@test "--log: JSON lines that engines read" {
	program /nothere
	c oci --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle "$B" a
	fails 1
	[ "$(jq -r .level "$BATS_TEST_TMPDIR/log")" = error ]
	jq -r .msg "$BATS_TEST_TMPDIR/log" | grep -q "No such file or directory"
}

@test "features and spec are JSON that says what is true" {
	oci features
	ok
	[ "$(jq -r '.hooks | length' <<<"$output")" = 6 ]
	[ "$(jq -r '.linux.mountExtensions.idmap.enabled' <<<"$output")" = true ]
	oci --version
	has "spec: 1."
}

@test "CVE-2019-5736: the runtime's own file cannot be executed inside" {
	program /proc/self/exe
	create a
	fails 1 "is a link of /proc"
}

@test "CVE-2021-30465 and CVE-2024-45310: a link in the image does not lead a mount out" {
	mkdir "$BATS_TEST_TMPDIR/outside"
	mkdir -p "$B/rootfs/$BATS_TEST_TMPDIR/outside"
	ln -s "../../../../../../../../$BATS_TEST_TMPDIR/outside" "$B/rootfs/link"
	change '.mounts += [{"destination":"/link/new","type":"tmpfs","source":"tmpfs"}]'
	program true
	oci run --bundle "$B" a
	ok
	[ -z "$(ls "$BATS_TEST_TMPDIR/outside")" ]
}

@test "CVE-2022-24769, CVE-2022-27650, CVE-2022-29162: no inheritable capabilities" {
	program sleep 100
	create c1
	oci start c1
	oci exec --cap CAP_CHOWN c1 grep CapInh /proc/self/status
	has "0000000000000000"
}

@test "CVE-2024-21626: no descriptor of the host as working directory" {
	program true
	for n in 3 4 5 6 7 8; do
		change ".process.cwd = \"/proc/self/fd/$n\""
		create a
		fails 1 "working directory"
	done
}

@test "CVE-2025-31133: a mask is the host's /dev/null, whatever the image has" {
	mkdir -p "$B/rootfs/dev"
	echo secret >"$B/rootfs/secret"
	ln -s /secret "$B/rootfs/dev/null"
	change '.linux.maskedPaths = ["/proc/cpuinfo"]'
	program sh -c 'cat /proc/cpuinfo | wc -c'
	oci run --bundle "$B" a
	says 0
}

@test "a bundle that umoci unpacked, as an ordinary user" {
	umoci unpack --rootless --image "$SUITE/images:busybox" "$BATS_TEST_TMPDIR/unpacked"
	B=$BATS_TEST_TMPDIR/unpacked
	change '.process.terminal = false'
	program /bin/sh -c 'echo $HOME; ls /bin/busybox; id -u; exit 4'
	oci run --bundle "$B" a
	fails 4
	says "/root
/bin/busybox
0"
}

@test "podman as an ordinary user: run, volumes, keep-id, exec, stop" {
	# a wrapper, since podman gives the sanitizers' settings to nobody
	printf '#!/bin/sh\nASAN_OPTIONS=%s exec %s oci "$@"\n' "${ASAN_OPTIONS-}" "$CORACLE" >"$BATS_TEST_TMPDIR/coracle-oci"
	chmod +x "$BATS_TEST_TMPDIR/coracle-oci"
	export HOME=$BATS_TEST_TMPDIR
	tar -C "$B/rootfs" -cf - . | podman_ import - t >/dev/null
	local how=(--ulimit nofile=1000:1000 --ulimit nproc=1000:1000 --network none)
	status=0
	output=$(podman_ run --rm "${how[@]}" -v "$BATS_TEST_TMPDIR:/v:ro" t /bin/sh -c 'ls /v/bundle/config.json; exit 5') || status=$?
	fails 5 "config.json"
	[ "$(podman_ run --rm "${how[@]}" --userns keep-id t /bin/id -u)" = "$(id -u)" ]
	status=0
	podman_ run --rm "${how[@]}" t /bin/nothere 2>/dev/null || status=$?
	fails 127
	podman_ run -d --name d "${how[@]}" t /bin/sleep 100 >/dev/null 3>&- 4>&-
	[ "$(podman_ exec d /bin/cat /proc/1/cmdline | tr '\0' ' ')" = "/bin/sleep 100 " ]
	podman_ stop -t 0 d
	[ "$(podman_ ps -q)" = "" ]
}
