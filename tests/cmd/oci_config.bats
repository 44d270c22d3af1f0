# coracle oci against the tables of the OCI runtime specification: config.md and config-linux.md, row by row.
# As an ordinary user, and as root (tests/as-root).

load helper
load oci

setup() { bundle_make; }
teardown() { bundle_remove; }

# OPTION...: what mountinfo shows of a tmpfs with these options: of the mount, then of the file system.
shows() {
	change "del(.mounts[] | select(.destination == \"/m\")) | .mounts += [{destination: \"/m\", type: \"tmpfs\", source: \"tmpfs\",
		options: $(jq -cn '$ARGS.positional' --args -- "$@")}]"
	shell 'grep " /m " /proc/self/mountinfo'
	run_it
	ok
	output=$(awk '{ for (i = 7; $i != "-"; i++) ; printf ",%s, ,%s, %s", $6, $(i + 3), (i > 7 ? $7 : "private") }' <<<"$output")
}

@test "root.path: relative to the bundle, absolute, missing" {
	gives 'echo here' here
	change ".root.path = \"$B/rootfs\""
	gives 'echo here' here
	change '.root.path = "nothere"'
	run_it
	fails 1 "root file system nothere: No such file or directory"
	nothing_left
}

@test "root.readonly" {
	change '.root.readonly = true'
	shell ': >/file'
	run_it
	fails 1 "Read-only file system"
	change '.root.readonly = false'
	gives ': >/file && ls /file' /file
}

@test "mounts: destination made, relative to the root; type, source; in the order listed" {
	change '.mounts += [{destination: "/a/b/c", type: "tmpfs", source: "here"}, {destination: "/a/b/c/d", type: "tmpfs", source: "there"}]'
	gives "awk 'BEGIN{} ' /dev/null 2>/dev/null; busybox awk '\$5 ~ \"^/a\" { for (i = 7; \$i != \"-\"; i++); print \$5, \$(i+1), \$(i+2) }' /proc/self/mountinfo" \
		"/a/b/c tmpfs here
/a/b/c/d tmpfs there"
}

@test "mounts.options: ro rw nosuid suid nodev dev noexec exec nosymfollow" {
	for word in ro nosuid nodev noexec nosymfollow; do
		shows "$word"
		has ",$word,"
		shows "$word" "$(case $word in ro) echo rw ;; *) echo "${word#no}" ;; esac)"
		lacks ",$word,"
	done
}

@test "mounts.options: access times" {
	shows noatime && has ",noatime,"
	shows nodiratime && has ",nodiratime,"
	shows relatime && has ",relatime,"
	shows strictatime && lacks atime
	shows norelatime && lacks relatime
	shows nostrictatime && has ",relatime,"
	shows noatime atime && has ",relatime,"
	shows nodiratime diratime && lacks nodiratime
}

@test "mounts.options: sync async dirsync lazytime nolazytime, of the file system" {
	shows sync && has ",sync,"
	shows async && lacks ",sync,"
	shows dirsync && has ",dirsync,"
	shows lazytime && has ",lazytime,"
	shows nolazytime && lacks lazytime
	shows size=64k && has ",size=64k,"
	shows defaults silent loud nomand
	change '.mounts[-1].options = ["nonsense=1"]'
	run_it
	fails 1 "mount tmpfs at /m: nonsense=1: tmpfs: Unknown parameter 'nonsense'"
}

@test "mounts.options: private shared slave unbindable and their recursive forms" {
	shows private && has private
	shows shared && has shared:
	shows rshared && has shared:
	shows unbindable && has unbindable
	shows slave && lacks shared:
	shows rprivate && has private
	shows rslave runbindable && has unbindable
}

@test "mounts.options: bind rbind, of directories and files" {
	mkdir -p "$B/tree/below"
	echo text >"$B/file"
	change '.mounts += [{destination: "/tree", source: "tree", options: ["bind"]}, {destination: "/file", type: "none", source: "file", options: ["rbind", "ro", "sync"]},
		{destination: "/bare", type: "bind", source: "tree", options: []}]'
	gives 'ls /tree /bare; cat /file; (: >>/file) 2>/dev/null || echo no' "/bare:
below

/tree:
below
text
no"
}

@test "mounts.options: rro rnosuid rnodev rnoexec ..., of a mount and all below it" {
	change '.mounts += [{destination: "/top", type: "tmpfs", source: "tmpfs"}, {destination: "/top/below", type: "tmpfs", source: "tmpfs"}]'
	for word in rro rnosuid rnodev rnoexec rnodiratime rnoatime rnosymfollow; do
		cp "$B/config.json" "$B/good"
		change ".mounts += [{destination: \"/top\", type: \"none\", source: \"none\", options: [\"remount\", \"$word\"]}]"
		shell 'grep " /top" /proc/self/mountinfo'
		run_it
		ok
		[ "$(grep -c "[ ,]${word#r}[ ,]" <<<"$output")" = 2 ] || no "$word"
		mv "$B/good" "$B/config.json"
	done
}

@test "mounts.options: remount changes a file system's own options" {
	change '.mounts += [{destination: "/m", type: "tmpfs", source: "t", options: ["size=1m"]}, {destination: "/m", type: "none", source: "none", options: ["remount", "size=2m"]}]'
	shell 'grep " /m " /proc/self/mountinfo'
	run_it
	has "size=2048k"
}

@test "mounts.options: tmpcopyup" {
	mkdir "$B/rootfs/copied"
	echo inside >"$B/rootfs/copied/f"
	change '.mounts += [{destination: "/copied", type: "tmpfs", source: "t", options: ["tmpcopyup"]}]'
	gives 'cat /copied/f; grep -c " /copied " /proc/self/mountinfo' "inside
1"
}

@test "features names no mount option that does not work" {
	oci features
	local words
	words=$(jq -c '.mountOptions - ["bind", "rbind", "remount", "idmap", "ridmap"]' <<<"$output")
	change ".mounts += [$words[] | {destination: \"/m/\\(.)\", type: \"tmpfs\", source: \"tmpfs\", options: [.]}]"
	gives 'grep -c " /m/" /proc/self/mountinfo' "$(jq length <<<"$words")"
}

@test "process.cwd: made when it is missing; args; env" {
	change '.process.cwd = "/new/dir" | .process.env += ["A=b=c"]'
	gives 'pwd; echo $A' "/new/dir
b=c"
	program busybox echo one 'two three' ''
	run_it
	says "one two three "
}

@test "process.env: HOME is the user's of the root's passwd file, unless it is given" {
	echo 'root:x:0:0::/root:/bin/sh' >"$B/rootfs/etc/passwd"
	gives 'echo $HOME' /root
	change '.process.env += ["HOME=/given"]'
	gives 'echo $HOME' /given
}

@test "process.terminal and consoleSize" {
	change '.process.terminal = true | .process.consoleSize = {height: 33, width: 99}'
	create a
	fails 1 "process.terminal: needs --console-socket"
	shell 'busybox tty; busybox stty size; ls -l /dev/console | busybox cut -c1'
	output=$(TERM=xterm script -qec "'$CORACLE' oci --root '$STATE' run --bundle '$B' a" /dev/null </dev/null | tr -d '\r')
	has "/dev/pts/0"
	has c
}

@test "process.rlimits: soft and hard; a type twice or unknown is an error" {
	change '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	gives 'ulimit -S -n; ulimit -H -n; ulimit -c' "100
200
0"
	change '.process.rlimits[0].type = "RLIMIT_NOTHING"'
	run_it
	fails 1 "unknown resource limit RLIMIT_NOTHING"
	nothing_left
}

@test "process.capabilities: five sets, and those of no kernel are ignored" {
	change '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_FUTURE"], permitted: ["CAP_CHOWN", "CAP_KILL"], effective: ["CAP_KILL"], inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"]}'
	shell 'grep ^Cap /proc/self/status'
	run_it
	# Root's exec gets what is in the bounding set, whatever was in the others.
	has "CapInh:	0000000000000001"
	has "CapBnd:	0000000000000021"
	many_ids
	change '.process.user = {uid: 5, gid: 5}'
	program busybox grep ^Cap /proc/self/status
	run_it
	has "no such capability, ignoring: CAP_FUTURE"
	output=$(grep -v CAP_FUTURE <<<"$output")
	says "CapInh:	0000000000000001
CapPrm:	0000000000000001
CapEff:	0000000000000001
CapBnd:	0000000000000021
CapAmb:	0000000000000001"
}

@test "process.capabilities: absent, there are none" {
	change 'del(.process.capabilities)'
	program busybox grep -c 'Cap.*0000000000000000' /proc/self/status
	run_it
	says 5
}

@test "process.noNewPrivileges" {
	gives 'grep NoNewPrivs /proc/self/status' "NoNewPrivs:	1"
	change '.process.noNewPrivileges = false'
	gives 'grep NoNewPrivs /proc/self/status' "NoNewPrivs:	0"
}

@test "process.oomScoreAdj" {
	change '.process.oomScoreAdj = 500'
	gives 'cat /proc/self/oom_score_adj' 500
}

@test "process.scheduler: policy and nice" {
	change '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
	program busybox awk '{ print $19, $41 }' /proc/self/stat
	run_it
	says "5 3"
	change '.process.scheduler = {policy: "SCHED_NOTHING"}'
	run_it
	fails 1 "process.scheduler.policy: not one of SCHED_OTHER"
}

@test "process.ioPriority" {
	change '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	gives 'busybox ionice -p $$' "best-effort: prio 6"
	change '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE"}'
	gives 'busybox ionice -p $$' "idle"
}

@test "process.execCPUAffinity: of exec, not of the container" {
	change '.process.execCPUAffinity = {initial: "0"}'
	program sleep 100
	create a
	oci start a
	oci exec a grep Cpus_allowed_list /proc/self/status
	says "Cpus_allowed_list:	0"
}

@test "process.user: uid, gid, umask, additionalGids" {
	many_ids
	change '.process.user = {uid: 5, gid: 6, umask: 63, additionalGids: [7, 8]}'
	gives 'id -u; id -g; umask; id -G' "5
6
0077
6 7 8"
}

@test "hostname and domainname" {
	change '.hostname = "box" | .domainname = "example.org"'
	gives 'busybox hostname; cat /proc/sys/kernel/domainname' "box
example.org"
}

@test "annotations and unknown members are ignored" {
	change '.annotations = {"org.example.unknown": ""} | .unknown = "x" | .process.unknown = 1 | .linux.unknown = {}'
	gives 'echo fine' fine
}

@test "default file systems and devices, and their links" {
	gives 'for d in null zero full random urandom tty ptmx; do [ -c /dev/$d ] || echo no $d; done
		for l in fd stdin stdout stderr; do busybox readlink /dev/$l; done; busybox dd if=/dev/zero bs=3 count=1 2>/dev/null | wc -c' "/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
3"
}

@test "linux.namespaces: new ones, and those not listed are the caller's" {
	change '.linux.namespaces += [{type: "time"}]'
	shell 'for n in ipc mnt net pid time user uts cgroup; do busybox readlink /proc/self/ns/$n; done'
	change 'del(.linux.namespaces[] | select(.type == "network" or .type == "uts" or .type == "ipc")) | del(.hostname)'
	run_it
	ok
	for n in net uts ipc; do has "$(readlink /proc/self/ns/$n)"; done
	for n in mnt pid time cgroup; do lacks "$(readlink /proc/self/ns/$n)"; done
}

# TYPE FILE OPTION...: join such a namespace of a process that unshare(1) made.
joins() {
	local type=$1 file=$2 pid
	shift 2
	unshare "$@" sleep 100 3>&- 4>&- &
	pid=$!
	eventually is_other $pid "$file"
	cp "$B/config.json" "$B/good"
	change "del(.linux.namespaces[] | select(.type == \"$type\")) | .linux.namespaces += [{type: \"$type\", path: \"/proc/$pid/ns/$file\"}]"
	shell "busybox readlink /proc/self/ns/${file%_for_children}"
	run_it
	ok
	says "$(readlink /proc/$pid/ns/$file)"
	kill -KILL $pid # unshare --fork hears nothing else
	wait $pid || :
	mv "$B/good" "$B/config.json"
}
is_other() { [ -e "/proc/$1/ns/$2" ] && [ "$(readlink "/proc/$1/ns/$2")" != "$(readlink "/proc/self/ns/$2")" ]; }

@test "linux.namespaces[].path: network, ipc, uts, cgroup, pid and mount by path" {
	if [ -z "$AS_ROOT" ]; then
		# An ordinary user's belong to a user namespace, which is joined too.
		unshare --user --map-root-user --net --ipc sleep 100 3>&- 4>&- &
		eventually is_other $! ipc
		change "del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= (map(select(.type != \"user\" and .type != \"ipc\")) +
			[{type: \"user\", path: \"/proc/$!/ns/user\"}, {type: \"ipc\", path: \"/proc/$!/ns/ipc\"}])"
		gives "for n in ipc user; do busybox readlink /proc/self/ns/\$n; done" "$(readlink /proc/$!/ns/ipc)
$(readlink /proc/$!/ns/user)"
		kill $!
		return
	fi
	change 'del(.hostname)'
	joins network net --net
	joins ipc ipc --ipc
	joins uts uts --uts
	joins cgroup cgroup --cgroup
	joins mount mnt --mount
	joins pid pid_for_children --pid --fork --kill-child
	nothing_left
}

@test "linux.namespaces[].path: of another type, or none at all, is an error" {
	change 'del(.linux.namespaces[] | select(.type == "ipc")) | .linux.namespaces += [{type: "ipc", path: "/proc/self/ns/uts"}]'
	run_it
	fails 1 "ipc namespace"
	change '.linux.namespaces[-1].path = "/nothere"'
	run_it
	fails 1 "ipc namespace /nothere: No such file or directory"
	change '.linux.namespaces[-1].path = "relative"'
	run_it
	fails 1 "is not an absolute path"
	nothing_left
}

@test "linux.namespaces: a mount namespace that is not listed is the caller's, and has nothing left in it" {
	change 'del(.linux.namespaces[] | select(.type == "mount"))'
	if [ -z "$AS_ROOT" ]; then
		run_it
		fails 1 "list a mount namespace"
		return
	fi
	shell 'busybox readlink /proc/self/ns/mnt; ls /bin/busybox; busybox sleep 100'
	create a
	ok
	oci start a
	[ "$(readlink "/proc/$("$CORACLE" oci --root "$STATE" state a | jq .pid)/ns/mnt")" = "$(readlink /proc/self/ns/mnt)" ]
	oci exec a ls /bin/busybox
	says /bin/busybox
	grep -q " $B/rootfs/proc " /proc/self/mountinfo
	oci delete --force a
	ok
	nothing_left
}

@test "linux.uidMappings and gidMappings" {
	many_ids
	[ -z "$AS_ROOT" ] || change '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] |
		.linux.gidMappings = [{containerID: 0, hostID: 200000, size: 20}]'
	[ -z "$AS_ROOT" ] || chown -R 100000:200000 "$B/rootfs"
	shell 'busybox tr -s " " </proc/self/uid_map; busybox tr -s " " </proc/self/gid_map'
	run_it
	ok
	if [ -n "$AS_ROOT" ]; then says " 0 100000 10
 0 200000 20"
	else has " 1 1000000 65535"; fi
}

@test "linux.devices: type c, u, p; fileMode, uid, gid" {
	many_ids
	change '.linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 3, fileMode: 416, uid: 3, gid: 4}, {path: "/dev/other", type: "u", major: 1, minor: 5},
		{path: "/dev/sub/pipe", type: "p", fileMode: 384}]'
	shell 'busybox stat -c "%F %t:%T" /dev/mine /dev/other /dev/sub/pipe; busybox stat -c "%a %u %g" /dev/mine /dev/sub/pipe'
	run_it
	ok
	has "character special file 1:3
character special file 1:5
fifo 0:0"
	has "600 0 0"
	[ -z "$AS_ROOT" ] || has "640 3 4"
	# "If a file already exists at path that does not match the requested device, the runtime MUST generate an error."
	change '.linux.devices = [{path: "/dev/null", type: "c", major: 1, minor: 3}]'
	shell 'busybox stat -c "%F %t:%T" /dev/null'
	run_it
	says "character special file 1:3"
	change '.linux.devices = [{path: "/etc/x", type: "p"}]'
	echo text >"$B/rootfs/etc/x"
	run_it
	fails 1 "device /etc/x: there is a file that is another"
}

@test "linux.sysctl: of the container's namespaces only" {
	change '.linux.namespaces += [{type: "network"}] | .linux.namespaces |= unique_by(.type) | .linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"}'
	gives 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax' "1
9000"
	for key in kernel.panic vm.swappiness kernel.hostname; do
		change ".linux.sysctl = {\"$key\": \"1\"}"
		run_it
		fails 1 "sysctl $key"
	done
	change 'del(.linux.namespaces[] | select(.type == "ipc")) | .linux.sysctl = {"kernel.msgmax": "1"}'
	run_it
	fails 1 "not allowed while the container shares the host's namespace"
	nothing_left
}

@test "linux.seccomp: actions, errnoRet, arguments, default" {
	change '.process.noNewPrivileges = true | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 121}, {names: ["rmdir"], action: "SCMP_ACT_ERRNO"},
		{names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 10, op: "SCMP_CMP_EQ"}]}]}'
	gives 'busybox mkdir /d 2>&1; busybox rmdir /tmp 2>&1; kill -10 $$ 2>&1; kill -0 $$ && echo sent' "mkdir: can't create directory '/d': Remote I/O error
rmdir: '/tmp': Operation not permitted
sh: can't kill pid 1: Operation not permitted
sent"
	change '.linux.seccomp.syscalls = [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_KILL_PROCESS"}]'
	shell 'busybox mkdir /d; echo $?'
	run_it
	has 159
	change '.linux.seccomp.defaultAction = "SCMP_ACT_NOTHING"'
	run_it
	fails 1 "SCMP_ACT_NOTHING"
}

@test "linux.rootfsPropagation: shared, slave, private, unbindable" {
	for word in shared slave private unbindable; do
		change ".linux.rootfsPropagation = \"$word\""
		shell "busybox awk '\$5 == \"/\" { print \"[\" (\$7 == \"-\" ? \"private\" : \$7) \"]\" }' /proc/self/mountinfo"
		run_it
		ok
		case $word in
		shared) has "[shared:" ;;
		unbindable) has "[unbindable]" ;;
		*) lacks "[shared:" ;;
		esac
	done
	change '.linux.rootfsPropagation = "nonsense"'
	run_it
	fails 1 "rootfsPropagation 'nonsense'"
}

@test "linux.maskedPaths: files and directories read empty; what is missing is fine" {
	mkdir "$B/rootfs/secret"
	echo x >"$B/rootfs/secret/f"
	echo x >"$B/rootfs/file"
	change '.linux.maskedPaths = ["/secret", "/file", "/nothere"]'
	gives 'ls /secret | wc -l; cat /file | wc -c' "0
0"
}

@test "linux.readonlyPaths: with what is below them" {
	mkdir -p "$B/rootfs/held/sub"
	echo x >"$B/rootfs/one"
	change '.mounts += [{destination: "/held/sub", type: "tmpfs", source: "t"}] | .linux.readonlyPaths = ["/held", "/one", "/nothere"]'
	gives 'for f in /held/f /held/sub/f /one; do (: >>$f) 2>/dev/null && echo wrote $f; done; echo end' end
}

@test "linux.personality" {
	change '.linux.personality = {domain: "LINUX32"}'
	shell 'busybox uname -m'
	run_it
	lacks x86_64
	change '.linux.personality = {domain: "OTHER"}'
	run_it
	fails 1 "linux.personality.domain: not LINUX or LINUX32"
}

@test "linux.timeOffsets: of a new time namespace" {
	change '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 1000000}, boottime: {secs: 3000000, nanosecs: 5}}'
	shell 'busybox cut -d. -f1 /proc/uptime; busybox readlink /proc/self/ns/time'
	run_it
	ok
	[ "${lines[0]}" -ge 3000000 ] || no "uptime"
	lacks "$(readlink /proc/self/ns/time)"
	program sleep 100
	create a
	oci start a
	oci exec a busybox cut -d. -f1 /proc/uptime
	[ "$output" -ge 3000000 ] || no "uptime in exec"
	change 'del(.linux.namespaces[] | select(.type == "time"))'
	create b
	fails 1 "linux.timeOffsets: needs a new time namespace"
}

@test "linux.seccomp.listenerPath: the listener gets the state and answers" {
	python3 "$CORACLE_SRC/tests/cmd/seccomp-agent.py" "$BATS_TEST_TMPDIR/agent" "$BATS_TEST_TMPDIR/told" 3>&- 4>&- &
	local agent=$!
	eventually test -S "$BATS_TEST_TMPDIR/agent"
	change ".annotations = {k: \"v\"} | .linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$BATS_TEST_TMPDIR/agent\", listenerMetadata: \"some\",
		syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_NOTIFY\"}]}"
	shell 'busybox mkdir /d 2>&1; echo end'
	for privileges in true false; do
		change ".process.noNewPrivileges = $privileges"
		run_it
		ok
		says "mkdir: can't create directory '/d': No medium found
end"
		wait $agent
		jq -e '.fds == ["seccompFd"] and .metadata == "some" and .pid > 1 and .pid == .state.pid and .state.id == "a" and .state.annotations.k == "v"' \
			"$BATS_TEST_TMPDIR/told"
		rm "$BATS_TEST_TMPDIR/agent"
		python3 "$CORACLE_SRC/tests/cmd/seccomp-agent.py" "$BATS_TEST_TMPDIR/agent" "$BATS_TEST_TMPDIR/told" 3>&- 4>&- &
		agent=$!
		eventually test -S "$BATS_TEST_TMPDIR/agent"
	done
	kill $agent
	change '.linux.seccomp.listenerPath = "/nothere"'
	run_it
	fails 1 "linux.seccomp.listenerPath /nothere"
	change 'del(.linux.seccomp.listenerPath)'
	run_it
	fails 1 "SCMP_ACT_NOTIFY needs a listenerPath"
	nothing_left
}

@test "process.execCPUAffinity.final: once the process is in the container" {
	change '.process.execCPUAffinity = {initial: "0-1", final: "0"}'
	program sleep 100
	create a
	oci start a
	oci exec a grep Cpus_allowed_list /proc/self/status
	says "Cpus_allowed_list:	0"
}

@test "linux.memoryPolicy" {
	change '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	shell 'busybox head -n1 /proc/self/numa_maps'
	run_it
	ok
	[ ! -e /proc/self/numa_maps ] || has "bind=static:0"
	change '.linux.memoryPolicy.mode = "MPOL_NOTHING"'
	run_it
	fails 1 "linux.memoryPolicy.mode: invalid memory policy mode"
}

@test "linux.mountLabel, where there is no SELinux, is an error" {
	[ ! -e /sys/fs/selinux/enforce ] || return 0
	change '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
	run_it
	fails 1 "linux.mountLabel: SELinux is not enabled on this machine"
}

@test "mounts.uidMappings and gidMappings, idmap and ridmap" {
	mkdir -p "$B/tree/below"
	echo x >"$B/tree/f"
	change '.mounts += [{destination: "/tree", type: "bind", source: "tree", options: ["rbind", "idmap"],
		uidMappings: [{containerID: 0, hostID: 5000, size: 10}], gidMappings: [{containerID: 0, hostID: 6000, size: 10}]}]'
	shell 'busybox stat -c "%u %g" /tree/f'
	run_it
	if [ -z "$AS_ROOT" ]; then
		fails 1 "only who owns the file system may"
		return
	fi
	[[ "$output" == "5000 6000" || "$output" == *"no mounts with mapped ids"* ]] || no "idmap"
	change '.mounts[-1] |= del(.uidMappings, .gidMappings) | .mounts[-1].options = ["rbind", "ridmap"]'
	run_it
	fails 1 "idmap: there are no mappings"
	change '.mounts += [{destination: "/t", type: "tmpfs", source: "t", options: ["idmap"]}]'
	change 'del(.mounts[-2])'
	run_it
	fails 1 "only a bind can map ids"
	nothing_left
}
