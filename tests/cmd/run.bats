# run and create: options, errors, and that nothing is left behind. RUN_ROOTFS=DIR tries them on a directory.
load helper

setup() {
	box=(busybox)
	[ -z "${RUN_ROOTFS-}" ] || box=(--rootfs "$RUN_ROOTFS")
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/root; }

# OPTIONS -- COMMAND...: run --rm --network none.
r() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	c run --rm --network none "${options[@]}" "${box[@]}" "$@"
}

@test "the exit status is the program's, 126, 127 or 125" {
	r -- true; ok
	r -- sh -c 'exit 3'; fails 3
	r -- nosuchprogram; fails 127 "nosuchprogram"
	r -- /etc; fails 126 "/etc"
	r --nosuchoption -- true; fails 125 "--nosuchoption"
	c run --rm --pull never nosuch/image:1 true; fails 125 "image not known"
	r -- sh -c 'kill -9 $$; sleep 5 & kill -9 $!; wait $!'; fails 137
}

@test "environment: defaults, -e, patterns, files, --unsetenv, precedence" {
	r -- sh -c 'echo $container; [ "$HOSTNAME" = "$(hostname)" ] && echo $HOME'; ok; says $'podman\n/root'
	A_1=x A_2=y r -e 'A_*' -e B=c=d -e NOSUCH -- sh -c 'echo $A_1$A_2 $B ${NOSUCH-unset}'; ok; says "xy c=d unset"
	printf '# c\nF=file\nG=file\n' >"$BATS_TEST_TMPDIR/env"
	r --env-file "$BATS_TEST_TMPDIR/env" -e G=option -- sh -c 'echo $F $G'; ok; says "file option"
	http_proxy=http://p r -- sh -c 'echo $http_proxy'; says "http://p"
	http_proxy=http://p r --http-proxy=false -- sh -c 'echo $http_proxy'; says ""
	r --unsetenv container -- sh -c 'echo ${container-unset}'; says unset
	FROMHOST=1 r --env-host -- sh -c 'echo $FROMHOST'; says 1
	r -e =x -- true; fails 125
	r --env-file /nosuch -- true; fails 125 "/nosuch"
}

@test "entrypoint, directory, user, groups, umask" {
	r --entrypoint echo -- a b; ok; says "a b"
	r --entrypoint '["echo","x y"]' -- z; ok; says "x y z"
	r -w /tmp -- pwd; ok; says /tmp
	r -w /nosuchdir -- pwd; fails 126 'workdir "/nosuchdir" does not exist on container'
	r -w relative -- pwd; fails 125 "absolute"
	r --umask 077 -- sh -c umask; ok; says 0077
	r --umask 9 -- true; fails 125 "--umask 9"
	r -u nosuchuser -- id; fails 126 "unable to find user nosuchuser: no matching entries in passwd file"
	r -u 0:nosuchgroup -- id; fails 126 "unable to find group nosuchgroup: no matching entries in group file"
	r -u 0:0 -- id -u; ok; says 0
}

@test "other users have no capabilities but those added by name" {
	r -u 1234:56 -- sh -c 'id -u; id -g; grep CapEff /proc/self/status'; ok
	says $'1234\n56\nCapEff:\t0000000000000000'
	r -u 1234 --cap-add net_raw -- grep CapAmb /proc/self/status; ok; has 0000000000002000
}

@test "keep-id: the caller's own ids and name" {
	# An image's owners cannot be shown through such a map by every driver; a directory of the caller's can.
	mkdir -p "$BATS_TEST_TMPDIR/root/bin" "$BATS_TEST_TMPDIR/root/etc"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/root/bin/"
	for p in sh id grep; do ln -s busybox "$BATS_TEST_TMPDIR/root/bin/$p"; done
	echo root:x:0:0:root:/root:/bin/sh >"$BATS_TEST_TMPDIR/root/etc/passwd"
	echo root:x:0: >"$BATS_TEST_TMPDIR/root/etc/group"
	c run --rm --network none --userns keep-id --rootfs "$BATS_TEST_TMPDIR/root" sh -c 'id -u; id -g; grep ":$(id -u):" /etc/passwd'; ok
	[ "${lines[0]}" = "$(id -u)" ] && [ "${lines[1]}" = "$(id -g)" ]
	has "$(id -un):*:$(id -u)"
	remove_tree "$BATS_TEST_TMPDIR/root"
}

# COMMAND...: what it prints on a terminal of its own, where Ctrl-C is typed once it says "ready".
on_terminal() {
	python3 -c '
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
text, sent, got = b"", False, b"-"
while got:
    try:
        got = os.read(fd, 1000)
    except OSError:
        got = b""
    text += got
    if b"ready" in text and not sent:
        sent = True
        os.write(fd, b"\x03")
print(text.decode())' "$@"
}

@test "a program in the foreground has no way to the client's terminal, and gets its Ctrl-C once" {
	out=$(on_terminal "$CORACLE" run --rm --network none "${box[@]}" sh -c 'n=0; trap "n=\$((n+1))" INT
		(exec 3<>/dev/tty) 2>/dev/null && echo tty open; echo ready; sleep 2 & wait; wait; echo $n interrupts')
	[[ "$out" = *"1 interrupts"* && "$out" != *"tty open"* ]] || no "no terminal, one interrupt: $out"
}

@test "bind mounts: content, ro, relative, missing, duplicates, options" {
	mkdir "$BATS_TEST_TMPDIR/d" && echo hello >"$BATS_TEST_TMPDIR/d/f"
	r -v "$BATS_TEST_TMPDIR/d:/x" -- sh -c 'cat /x/f; echo new >/x/g'; ok; says hello
	[ "$(cat "$BATS_TEST_TMPDIR/d/g")" = new ]
	r -v "$BATS_TEST_TMPDIR/d:/x:ro" -- touch /x/h; fails 1 "Read-only file system"
	r -v "$BATS_TEST_TMPDIR/d/f:/etc/one-file" -- cat /etc/one-file; ok; says hello
	cd "$BATS_TEST_TMPDIR"; r -v ./d:/x -- cat /x/f; ok; says hello
	r --mount type=bind,src="$BATS_TEST_TMPDIR/d",dst=/x,ro -- cat /x/f; ok; says hello
	r -v "$BATS_TEST_TMPDIR/d:/x:O" -- sh -c 'echo over >/x/f; cat /x/f'; ok; says over
	[ "$(cat "$BATS_TEST_TMPDIR/d/f")" = hello ]
	r -v "$BATS_TEST_TMPDIR/nosuch:/x" -- true; fails 125 "statfs $BATS_TEST_TMPDIR/nosuch: no such file or directory"
	r -v /tmp:/x --tmpfs /x -- true; fails 125 "/x: duplicate mount destination"
	r -v /tmp:/x:nonsense -- true; fails 125 "nonsense"
	r -v /tmp:relative -- true; fails 125 "must be absolute"
	r --mount type=bind,dst=/x -- true; fails 125 "source"
}

@test "tmpfs, /dev/shm, --read-only" {
	r --tmpfs /t:size=1m,mode=700 -- sh -c 'stat -c %a /t; grep " /t " /proc/mounts'; ok; has 700; has size=1024k
	r --shm-size 2m -- grep " /dev/shm " /proc/mounts; ok; has size=2048k
	r --read-only -- sh -c 'touch /x 2>&1; touch /tmp/x /run/x /var/tmp/x && echo ok'; ok; has "Read-only"; has ok
	r --read-only --read-only-tmpfs=false -- touch /tmp/x; fails 1
}

@test "volumes: filled at first use, kept; anonymous ones go with --rm" {
	"$CORACLE" volume ls -q >"$BATS_TEST_TMPDIR/before"
	r -v "vol$$:/bin" -- sh -c 'echo mine >/bin/mine; ls /bin | grep -c "^sh$"'; ok; says 1
	r -v "vol$$:/data" -- cat /data/mine; ok; says mine
	"$CORACLE" volume rm "vol$$"
	r -v /anonymous -- touch /anonymous/x; ok
	r -v /anonymous -- false; fails 1
	r -v /anonymous -- nosuchprogram; fails 127
	"$CORACLE" volume ls -q | diff - "$BATS_TEST_TMPDIR/before"
}

@test "capabilities, no-new-privileges, seccomp, masks" {
	r -- grep CapEff /proc/self/status; ok; has 00000000800405fb
	r --cap-drop all -- grep CapEff /proc/self/status; ok; has 0000000000000000
	r --cap-drop all --cap-add chown -- grep CapEff /proc/self/status; ok; has 0000000000000001
	r --cap-add flying -- true; fails 125 "flying"
	r --cap-add chown --cap-drop chown -- true; fails 125 "CAP_CHOWN"
	r --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status; ok; has 1
	r -- grep '^Seccomp:' /proc/self/status; ok; has 2
	r --security-opt seccomp=unconfined -- grep '^Seccomp:' /proc/self/status; ok; has 0
	r --privileged -- grep '^Seccomp:' /proc/self/status; ok; has 0
	r --security-opt seccomp=/nosuch -- true; fails 125 "/nosuch"
	r --security-opt label=disable --security-opt apparmor=unconfined -- true; ok
	r --security-opt nonsense=1 -- true; fails 125 "nonsense"
	r -- sh -c 'echo 1 >/proc/sys/kernel/panic'; fails 1
	r --security-opt unmask=ALL -- sh -c 'grep -c "/proc/sys " /proc/mounts'; says 0
}

@test "ulimits and sysctls" {
	r --ulimit nofile=50:60 -- sh -c 'ulimit -Sn; ulimit -Hn'; ok; says $'50\n60'
	r --ulimit nosuch=1 -- true; fails 125 "nosuch"
	r --sysctl net.ipv4.ip_forward=1 -- cat /proc/sys/net/ipv4/ip_forward; ok; says 1
	r --sysctl vm.swappiness=1 -- true; fails 125 "vm.swappiness"
}

@test "names: -h, --uts host, --name, --replace, --cidfile, --pidfile" {
	r -h other -- hostname; ok; says other
	r --uts host -- hostname; ok; says "$(hostname)"
	r --uts host -h x -- true; fails 125 "--hostname"
	c run -d --network none --name taken "${box[@]}" sleep 60; ok; first=$output
	[ ${#first} = 64 ]
	r --name taken -- true; fails 125 'the container name "taken" is already in use by'
	c run -d --network none --replace --name taken "${box[@]}" sleep 60; ok; [ "$output" != "$first" ]
	c run -d --network none --cidfile "$BATS_TEST_TMPDIR/cid" --pidfile "$BATS_TEST_TMPDIR/pid" "${box[@]}" sleep 60; ok
	[ "$(cat "$BATS_TEST_TMPDIR/cid")" = "$output" ]
	[ "$(tr '\0' ' ' <"/proc/$(cat "$BATS_TEST_TMPDIR/pid")/cmdline")" = "sleep 60 " ]
	r --cidfile "$BATS_TEST_TMPDIR/cid" -- true; fails 125 "container id file exists"
}

@test "namespaces of another container" {
	c run -d --network none --name one "${box[@]}" sleep 60; ok
	r --pid container:one -- ps; ok; has "sleep 60"
	c run --rm --network container:one "${box[@]}" true; ok
	r --pid container:nosuch -- true; fails 125 "no such container"
	r --pid sideways -- true; fails 125 "--pid sideways"
}

@test "create makes no process; start runs it; the program's status comes back" {
	c create --name made --network none "${box[@]}" sh -c 'echo out; exit 5'; ok; [ ${#output} = 64 ]
	c start -a made; fails 5; says out
	c start -a made; fails 5; says out
}

@test "stdin is the caller's own, and pipes end as pipes do" {
	[ "$(printf 'a\nb\n' | (r2 -i -- true; cat))" = $'a\nb' ]
	[ "$(echo hi | (r2 -- cat; cat))" = hi ]
	[ "$(echo hi | r2 -i -- cat)" = hi ]
}
r2() { local o=(); while [ "$1" != -- ]; do o+=("$1"); shift; done; shift; "$CORACLE" run --rm --network none "${o[@]}" "${box[@]}" "$@"; }

@test "a failed start leaves nothing" {
	fresh_store
	[ -n "${RUN_ROOTFS-}" ] || box=(host)
	r -v /tmp:/x -u nosuchuser --name n -- true; fails 126
	r --cidfile "$BATS_TEST_TMPDIR/c2" -w /nosuch -- true; fails 126
	[ ! -e "$BATS_TEST_TMPDIR/c2" ]
	r -v new:/x -v /anonymous -- /nosuch; fails 127
	timeout -s INT 0.01 "$CORACLE" run --rm --network none "${box[@]}" sleep 1 || :
	eventually assert_clean
	remove_tree "$CORACLE_ROOT"
}

@test "the host image can be read-only, with temporary directories of its own" {
	c run --rm --read-only --network none host sh -c 'touch /etc/x 2>/dev/null || touch /var/tmp/x /tmp/x && ls /var/tmp'; ok; says x
}

@test "--ipc container: shares its /dev/shm, and the host's is not shown" {
	"$CORACLE" run -d --name ipc-a "$BUSYBOX" sh -c 'echo hello >/dev/shm/f; sleep 100'
	"$CORACLE" run -d --name ipc-none --ipc none "$BUSYBOX" sleep 100
	eventually sh -c '"$CORACLE" run --rm --ipc container:ipc-a "$BUSYBOX" cat /dev/shm/f | grep -qx hello'
	c run --rm --ipc container:ipc-a --pid container:ipc-a "$BUSYBOX" sh -c 'echo x >/dev/shm/g; cat /proc/1/root/dev/shm/g'
	ok
	says x
	c run --rm --ipc container:ipc-none "$BUSYBOX" ls /dev/shm
	fails 1 "No such file"
	"$CORACLE" create --name ipc-own --ipc container:ipc-a -v "$BATS_TEST_TMPDIR:/dev/shm" "$BUSYBOX" touch /dev/shm/own
	c start -a ipc-own
	ok
	[ -e "$BATS_TEST_TMPDIR/own" ] || no "the user's own mount is not there"
	"$CORACLE" rm -f ipc-own ipc-a ipc-none
}

@test "tmpfs: the mode that was asked for, else that of the image's directory" {
	c run --rm --tmpfs /t:mode=700 --mount type=tmpfs,dst=/q,tmpfs-mode=711 --tmpfs /tmp "$BUSYBOX" stat -c '%a %n' /t /q /tmp
	ok
	says $'700 /t\n711 /q\n1777 /tmp'
}

@test "--env-merge: variables made of the image's" {
	r --env-merge 'PATH=/x:${PATH}:$container' --env-merge 'A=$NONE-$-${PATH' -- true
	fails 125 "--env-merge A=\$NONE-\$-\${PATH: a } is missing"
	r --env-merge A -- true; fails 125 "name=value is needed"
	r --env-merge 'PATH=/x:${PATH}:$container' --env-merge 'A=$NONE-$-${container}' -- env
	ok; has "PATH=/x:/"; has ":podman"; has 'A=-$-podman'
}

@test "--hostuser and --passwd-entry: who is in /etc/passwd" {
	r --hostuser "$(id -un)" -u "$(id -un)" -- sh -c "id -u; tail -n 1 /etc/passwd"
	ok; has "$(id -un):*:$(id -u):"; [ "${lines[0]}" = "$(id -u)" ]
	r --hostuser nobody.such -- true; fails 125 "the host has no such user"
	r -u 1234:77 --passwd-entry 'me:*:$UID:$GID:$NAME:$HOME:/bin/false' -- tail -n 1 /etc/passwd
	says 'me:*:1234:77:container user:/:/bin/false'
}

@test "--personality" {
	r --personality LINUX32 -- uname -m; [ "$output" != "$(uname -m)" ]
	r --personality LINUX -- uname -m; says "$(uname -m)"
	r --personality BSD -- true; fails 125 "LINUX"
}

@test "--systemd: memory, control groups, the stop signal" {
	r --systemd always -- sh -c 'grep -cE "^tmpfs /(run|run/lock|tmp|var/log/journal) " /proc/mounts; echo "$container_uuid"'
	ok; [ "${lines[0]}" = 4 ]; [ "${#lines[1]}" = 32 ]
	r -- sh -c 'grep -cE "^tmpfs /(run/lock|tmp) " /proc/mounts'; says 0
	c create --name sd --network none "${box[@]}" /sbin/init; ok
	c inspect -f '{{.Config.SystemdMode}} {{.Config.StopSignal}}' sd; says "true 37"
	c create --name nosd --systemd=false --network none "${box[@]}" /sbin/init; ok
	c inspect -f '{{.Config.StopSignal}}' nosd; says 15
	c run --rm --systemd=always --network none host ls /tmp /run/lock; says $'/run/lock:\n\n/tmp:'
	c create --name bad --systemd=perhaps "${box[@]}" true; fails 125 "always"
}

@test "--rmi: the image goes with the container that used it last" {
	[ -z "${RUN_ROOTFS-}" ] || return 0
	c create --name src --network none busybox true; ok
	c commit -q -m "gone soon" src once; ok
	c create --name other --network none once true; ok
	c run --rmi --network none once sh -c 'exit 4'; fails 4 "in use"
	c rm other; ok
	c run --rmi --network none once sh -c 'exit 5'; fails 5
	c image exists once; fails 1
	c tag busybox twice; ok
	c run --rmi --network none twice true; ok
	c image exists twice; fails 1
	c image exists busybox; ok
	c run -d --rmi busybox true; fails 125 exclude
}

@test "--conmon-pidfile and --variant" {
	c run -d --name box --network none --conmon-pidfile "$BATS_TEST_TMPDIR/keeper" "${box[@]}" sleep 100; ok
	[[ $(cat "/proc/$(cat "$BATS_TEST_TMPDIR/keeper")/comm") = coracle* ]]
	c inspect -f '{{.ConmonPidFile}}' box; says "$BATS_TEST_TMPDIR/keeper"
	c rm -f -t 0 box; ok
	[ ! -e "$BATS_TEST_TMPDIR/keeper" ]
	c run --rm --platform linux/amd64 --variant v2 busybox true; fails 125 "--variant"
	c run --rm --pull never --variant v99 busybox true; fails 125 "not known"
}

@test "limits of input and output, and files of the control group" {
	c create --blkio-weight 5 "${box[@]}" true; fails 125 "from 10 to 1000"
	c create --device-read-bps /dev/null:1mb "${box[@]}" true; fails 125 "not a block device"
	c create --device-write-iops /dev/nothing:1 "${box[@]}" true; fails 125 "/dev/nothing"
	c create --device-write-iops /dev/nothing "${box[@]}" true; fails 125 "device:rate"
	c create --cgroup-conf memory.high "${box[@]}" true; fails 125 "file=value"
	# As with the other limits: a machine on which they cannot be is told so.
	c create --name lim --blkio-weight 500 --cgroup-conf memory.high=10000000 "${box[@]}" true
	[ "$status" != 0 ] || { c inspect -f '{{index .HostConfig.CgroupConf "memory.high"}} {{index .HostConfig.CgroupConf "io.weight"}}' lim; says "10000000 default 4950"; }
}
