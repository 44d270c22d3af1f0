# coracle oci against the OCI runtime specification's runtime.md (state, lifecycle, operations, hooks), and resources of
# config-linux.md. As an ordinary user, and as root (tests/as-root).

load helper
load oci

setup() { bundle_make; }
teardown() { bundle_remove; }

# KIND FILTER...: a hook that runs a shell line with the state in $state.
hook() {
	change ".hooks.$1 += [{path: \"/bin/sh\", args: [\"sh\", \"-c\", $(jq -cn '$ARGS.positional[0]' --args -- "state=\$(cat); $2")], env: [\"PATH=/usr/bin:/bin\"]}]"
}

@test "state: the members of every status, with types as specified" {
	program sleep 100
	change '.annotations = {k: "v"}'
	create a
	oci state a
	ok
	local check='(.ociVersion | type) == "string" and .id == "a" and .status == "created" and .pid > 1 and (.bundle | startswith("/")) and .annotations == {k: "v"}'
	jq -e "$check" <<<"$output"
	oci start a
	oci state a
	jq -e "${check/created/running}" <<<"$output"
	oci kill a KILL
	eventually is a stopped
	oci state a
	jq -e '.status == "stopped" and .id == "a"' <<<"$output"
	oci state nothere
	fails 1 "does not exist"
	oci state
	[ "$status" -ne 0 ]
}

@test "create: an id that is taken or invalid is an error, and changes nothing" {
	program sleep 100
	create a
	ok
	create a
	fails 1 "container with id exists"
	is a created
	for id in '' . .. a/b 'a b'; do
		create "$id"
		[ "$status" -ne 0 ]
	done
	[ "$("$CORACLE" oci --root "$STATE" list -q)" = a ]
	change 'del(.root)'
	create b
	[ "$status" -ne 0 ]
	[ "$(ls "$STATE")" = a ] || no "state is left"
}

@test "create: later changes of config.json have no effect; the program does not run before start" {
	shell 'echo first; : >/ran'
	create a
	ok
	[ ! -e "$B/rootfs/ran" ]
	shell 'echo second'
	oci start a
	ok
	eventually is a stopped
	[ -e "$B/rootfs/ran" ]
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = first ]
}

@test "start: of what is running, stopped or not there is an error" {
	program sleep 100
	create a
	oci start a
	ok
	oci start a
	fails 1 "cannot be started: it is running"
	is a running
	oci kill a KILL
	eventually is a stopped
	oci start a
	fails 1 "it is stopped"
	oci start nothere
	fails 1 "does not exist"
}

@test "kill: by number, name, with and without SIG, in any case; of created ones too" {
	# What is not caught does not reach the first process of a pid namespace.
	shell 'trap "echo usr1 >>/said" USR1; trap "echo winch >>/said" WINCH; trap "echo rt >>/said" 37; echo up >/up; while :; do busybox sleep 0.05; done'
	create a
	oci start a
	eventually test -s "$B/rootfs/up"
	for s in USR1 SIGUSR1 usr1 10; do
		rm -f "$B/rootfs/said"
		oci kill a $s
		ok
		eventually grep -q usr1 "$B/rootfs/said"
	done
	oci kill a RTMIN+3
	eventually grep -q rt "$B/rootfs/said"
	oci kill a NOSUCH
	fails 1 "unknown signal 'NOSUCH'"
	oci kill a KILL
	eventually is a stopped
	oci kill a TERM
	fails 1 "not running"
	oci kill nothere
	fails 1 "does not exist"
	program sleep 100
	create b
	oci kill b KILL
	ok
	eventually is b stopped
}

@test "delete: of what is created or running is an error; the id is free afterwards" {
	program sleep 100
	create a
	oci delete a
	fails 1 "not stopped"
	is a created
	oci start a
	oci delete a
	fails 1 "not stopped"
	is a running
	oci kill a KILL
	eventually is a stopped
	oci delete a
	ok
	nothing_left
	create a
	ok
	oci delete --force a
	ok
	nothing_left
}

@test "hooks: each kind in its place, with its status, in the order listed; poststop after the deletion" {
	local log=$BATS_TEST_TMPDIR/log
	for kind in prestart createRuntime createContainer poststart poststop; do
		hook $kind "echo $kind 1 \$(echo \"\$state\" | tr -d ' ' | grep -o '\"status\":\"[a-z]*\"') >>$log"
		hook $kind "echo $kind 2 >>$log"
	done
	program sleep 100
	create a
	ok
	[ "$(cut -d' ' -f1,2 "$log" | tr '\n' ,)" = "prestart 1,prestart 2,createRuntime 1,createRuntime 2,createContainer 1,createContainer 2," ]
	oci start a
	[ "$(tail -n2 "$log" | cut -d' ' -f1 | uniq)" = poststart ]
	oci kill a KILL
	eventually is a stopped
	! grep -q poststop "$log"
	oci delete a
	[ "$(tail -n2 "$log" | cut -d' ' -f1 | uniq)" = poststop ]
	[ "$(grep -c '"creating"' "$log")" = 3 ]
	grep -q 'poststart 1 "status":"running"' "$log"
	grep -q 'poststop 1 "status":"stopped"' "$log"
}

@test "hooks: one that fails before the start ends the container; after its end it is a warning" {
	program sleep 100
	for kind in prestart createRuntime createContainer; do
		cp "$B/config.json" "$B/good"
		hook $kind 'exit 3'
		create a
		fails 1 "hooks.$kind[0] /bin/sh: ended with status 3"
		nothing_left
		mv "$B/good" "$B/config.json"
	done
	cp "$B/config.json" "$B/good"
	change '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "exit 4"]}]'
	create a
	ok
	oci start a
	fails 1 "hooks.startContainer[0] /bin/sh: ended with status 4"
	eventually is a stopped
	oci delete a
	ok
	mv "$B/good" "$B/config.json"
	local log=$BATS_TEST_TMPDIR/log
	hook poststop 'exit 5'
	hook poststop "echo second >$log"
	create a
	oci start a
	oci delete --force a
	ok
	has "hooks.poststop[0]"
	[ "$(cat "$log")" = second ]
}

@test "linux.cgroupsPath and resources: made, set, and removed; one that was there stays" {
	change '.linux.resources = {pids: {limit: 77}, memory: {limit: 67108864}, cpu: {shares: 512}}'
	program sleep 100
	create a
	if [ -z "$AS_ROOT" ]; then
		# Limits that cannot be had are refused by name.
		[ "$status" = 0 ] || fails 1 "linux.resources"
		return
	fi
	ok
	local path dirs file
	path=$(jq -r .linux.cgroupsPath "$B/config.json")
	file=$(find /sys/fs/cgroup -path "*$path/pids.max")
	[ "$(cat "$file")" = 77 ]
	[ "$(cat "$(find /sys/fs/cgroup -path "*$path/memory.limit_in_bytes" -o -path "*$path/memory.max")")" = 67108864 ]
	grep -qx "$("$CORACLE" oci --root "$STATE" state a | jq .pid)" "${file%/*}/cgroup.procs"
	oci update --pids-limit 88 a
	ok
	[ "$(cat "$file")" = 88 ]
	echo '{"memory": {"limit": 1, "checkBeforeUpdate": true}}' >"$BATS_TEST_TMPDIR/r"
	oci update --resources "$BATS_TEST_TMPDIR/r" a
	fails 1 "is below the"
	oci delete --force a
	nothing_left
	mkdir -p "${file%/*}"
	create a
	ok
	oci delete --force a
	ok
	[ -d "${file%/*}" ] || no "the cgroup that was there is gone"
	rmdir "${file%/*}"
}

@test "pause and resume: a status of its own; exec waits for nobody" {
	program sleep 100
	create a
	oci start a
	oci pause a
	if [ -z "$AS_ROOT" ] && [ "$status" != 0 ]; then
		fails 1 "no cgroup that can freeze it"
		return
	fi
	ok
	is a paused
	oci exec a true
	fails 255 "is paused"
	oci resume a
	ok
	is a running
	oci resume a
	fails 1 "cannot be resumed"
}

@test "--pid-file, --no-pivot, list, ps, spec" {
	program sleep 100
	create a --pid-file "$BATS_TEST_TMPDIR/pid" --no-pivot
	ok
	[ "$(cat "$BATS_TEST_TMPDIR/pid")" = "$("$CORACLE" oci --root "$STATE" state a | jq .pid)" ]
	oci start a
	oci exec a cat /proc/1/cmdline
	has sleep
	oci ps -f json a
	says "[$(cat "$BATS_TEST_TMPDIR/pid")]"
	oci list -f json
	case $output in '[{"ociVersion":"1.0.2","id":"a","pid":'*',"status":"running","bundle":"'*) ;; *) no "list in runc's form" ;; esac
	[ "$(jq -r '.[0] | .id + " " + .status' <<<"$output")" = "a running" ]
	[ "$(jq -r .ociVersion "$B/config.json")" = 1.0.2 ]
	oci spec --bundle "$B"
	fails 1 "exists already"
}

@test "linux.resources: a cgroup mount of version 1 shows the container's own cgroups" {
	[ -n "$AS_ROOT" ] && [ -d /sys/fs/cgroup/pids ] || return 0
	change '.linux.resources = {pids: {limit: 66}}'
	shell 'cat /sys/fs/cgroup/pids/pids.max; grep -q 1 /sys/fs/cgroup/memory/cgroup.procs && echo here; busybox mkdir /sys/fs/cgroup/pids/x 2>/dev/null || echo read-only'
	run_it
	ok
	says "66
here
read-only"
}

@test "CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: no proc or sysfs by way of a link in the image" {
	mkdir "$B/rootfs/elsewhere"
	ln -s elsewhere "$B/rootfs/proc"
	program true
	run_it
	fails 1 "/proc is a symbolic link in the root file system"
	rm "$B/rootfs/proc"
	ln -s elsewhere "$B/rootfs/sys"
	change '.mounts |= map(if .destination == "/sys" then .type = "sysfs" | .source = "sysfs" | .options = ["ro"] else . end)'
	run_it
	fails 1 "/sys is a symbolic link in the root file system"
	nothing_left
}

@test "CVE-2019-16884, CVE-2025-52881: labels and sysctls are not written to what lies over /proc" {
	mkdir -p "$B/fake/self/attr" "$B/fake/sys/net/ipv4"
	: >"$B/fake/self/attr/exec"
	: >"$B/fake/sys/net/ipv4/ip_forward"
	cp "$B/config.json" "$B/good"
	change '.mounts += [{destination: "/proc", type: "bind", source: "fake", options: ["bind"]}] | .linux.readonlyPaths = [] | .linux.maskedPaths = [] |
		.process.apparmorProfile = "none-such" | .process.args = ["/bin/true"]'
	run_it
	fails 1 # the kernel's answer: there is no such profile, or no AppArmor
	[ ! -s "$B/fake/self/attr/exec" ] || no "the label went to a file of the image"
	change 'del(.process.apparmorProfile) | .linux.namespaces += [{type: "network"}] | .linux.namespaces |= unique_by(.type) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_it
	fails 1 "the container's /proc is not one"
	[ ! -s "$B/fake/sys/net/ipv4/ip_forward" ] || no "the sysctl went to a file of the image"
	mv "$B/good" "$B/config.json"
	# A real file of procfs, but another one.
	change '.mounts += [{destination: "/proc/sys/net/ipv4/ip_forward", type: "bind", source: "/proc/self/comm", options: ["bind"]}] |
		.linux.namespaces += [{type: "network"}] | .linux.namespaces |= unique_by(.type) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_it
	fails 1 "the container's /proc is not one"
	nothing_left
}

@test "CVE-2022-29162: inheritable capabilities are the spec's, of run and exec" {
	change '.process.capabilities.inheritable = []'
	program sleep 100
	create a
	oci start a
	oci exec a grep CapInh /proc/self/status
	says "CapInh:	0000000000000000"
	oci exec --cap CAP_CHOWN a grep CapInh /proc/self/status
	says "CapInh:	0000000000000000"
}

@test "CVE-2023-25809: no control group is writable through a /sys or cgroup mount that is read-only" {
	[ -n "$AS_ROOT" ] || change '.linux.namespaces |= map(select(.type != "cgroup"))'
	change '.mounts |= map(select(.destination != "/sys" and .destination != "/sys/fs/cgroup")) +
		[{destination: "/sys", type: "none", source: "/sys", options: ["rbind", "nosuid", "noexec", "nodev", "ro"]}]'
	shell 'grep " /sys" /proc/self/mountinfo | busybox awk "{ print \$6 }" | grep -v ^ro; echo end'
	run_it
	says end
}

@test "CVE-2024-21626: what the caller has open is no working directory, and is not passed on" {
	shell 'ls /proc/self/fd | wc -l'
	output=$("$CORACLE" oci --root "$STATE" run --bundle "$B" a 3</ 4</etc 9</tmp)
	says 4
	for n in 3 7 9; do
		change ".process.cwd = \"/proc/self/fd/$n/../..\""
		status=0
		output=$("$CORACLE" oci --root "$STATE" run --bundle "$B" a 2>&1 3</ 7</ 9</) || status=$?
		fails 1 "working directory"
	done
	nothing_left
}

@test "CVE-2025-31133: a link in the image's place of a masked path masks nothing outside" {
	mkdir -p "$B/rootfs/dev" "$B/outside"
	ln -s ../../outside "$B/rootfs/masked"
	echo secret >"$B/outside/f"
	change '.linux.maskedPaths = ["/masked"]'
	program true
	run_it
	ok
	! grep -q " $B/outside" /proc/self/mountinfo
}

@test "CVE-2025-52565: /dev/console is the terminal itself, whatever the image has by its name" {
	mkdir -p "$B/rootfs/dev/pts"
	echo target >"$B/rootfs/target"
	ln -s /target "$B/rootfs/dev/console"
	ln -s /proc/version "$B/rootfs/dev/pts/0"
	change '.process.terminal = true'
	shell '[ "$(busybox stat -c %t:%T /dev/console)" = "$(busybox stat -c %t:%T $(busybox tty))" ] && echo same; cat /target'
	output=$(TERM=xterm script -qec "'$CORACLE' oci --root '$STATE' run --bundle '$B' a" /dev/null </dev/null | tr -d '\r')
	has same
	has target
}

@test "CVE-2021-43784: more id maps, and longer paths of namespaces, than a message of 64 KiB holds" {
	change ".linux.uidMappings = [range(5000) | {containerID: ., hostID: (. + 1000000), size: 1}] | .linux.gidMappings = .linux.uidMappings |
		.linux.namespaces |= (map(select(.type != \"user\")) + [{type: \"user\"}])"
	program true
	run_it
	fails 1 "more than 64 id mappings"
	change ".linux.namespaces |= (map(select(.type != \"ipc\")) + [{type: \"ipc\", path: (\"/\" + (\"x\" * 70000))}]) |
		.linux.uidMappings |= .[:1] | .linux.gidMappings |= .[:1]"
	run_it
	fails 1 "ipc namespace /xxx"
	nothing_left
}

@test "CVE-2022-0811: a sysctl's value sets nothing but that, and none is the host's" {
	program true
	change '.linux.sysctl = {"kernel.core_pattern": "|/bin/x"}'
	run_it
	fails 1 "sysctl kernel.core_pattern: is not separate for each container"
	local before
	before=$(cat /proc/sys/kernel/core_pattern)
	for value in '1+kernel.core_pattern=|/x' '1\nkernel.core_pattern=|/x'; do
		change ".linux.sysctl = {\"kernel.shm_rmid_forced\": \"$value\"}"
		run_it
	done
	for name in kernel.shm_rmid_forced/../core_pattern 'kernel/../kernel/core_pattern' '../kernel/core_pattern'; do
		change ".linux.sysctl = {\"$name\": \"|/x\"}"
		run_it
		[ "$status" -ne 0 ]
	done
	[ "$(cat /proc/sys/kernel/core_pattern)" = "$before" ]
}

@test "CVE-2022-1708: what a hook writes is not kept without bound" {
	change '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "head -c 50000000 /dev/zero | tr \"\\\\0\" a >&2; exit 3"], env: ["PATH=/usr/bin:/bin"]}]'
	program true
	run_it
	fails 1 "hooks.createRuntime[0]"
	[ ${#output} -lt 2000 ] || no "${#output} characters"
	nothing_left
}

@test "CVE-2022-2995: supplementary groups are the spec's, not the caller's" {
	many_ids
	change '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	gives 'id -G' "8 9"
	change 'del(.process.user.additionalGids)'
	gives 'id -G' 8
	program sleep 100
	create a
	oci start a
	oci exec --user 5:6 a id -G
	says 6
}

@test "CVE-2025-24965: a file is made at the end of a link inside the root, and written by nobody" {
	mkdir "$B/outside"
	echo before >"$B/outside/config"
	ln -s "../../..$B/outside/config" "$B/rootfs/config.json"
	ln -s "$B/outside/new" "$B/rootfs/new.json"
	echo shown >"$B/source"
	change '.mounts += [{destination: "/config.json", type: "bind", source: "source", options: ["bind"]},
		{destination: "/new.json", type: "bind", source: "source", options: ["bind"]}]'
	shell 'cat /config.json'
	run_it
	fails 1 "mount source at /config.json: the mount point can't be made"
	[ "$(cat "$B/outside/config")" = before ]
	[ "$(ls "$B/outside")" = config ]
}
