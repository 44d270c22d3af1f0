#!/bin/bash
# accept.sh WHAT - inside a virtual machine, as its ordinary user: does everything work that this kernel can do?
# One TAP line a check. WHAT is run.sh's: the kernel and "+v1" (limits cannot work), "+one" (no subordinate ids).
what=$1
# As root only to take the user's subordinate ids away and to let it read the journal, then in a session of the user's.
if [ "$(id -u)" = 0 ]; then
	what=$(cat /host/run/args); what=${what% }; what=${what//\\/}
	: >/etc/subuid; : >/etc/subgid
	usermod -aG systemd-journal tester
	exec su -l tester -c "exec bash /host/share/accept.sh $what" </dev/null
fi
bin=/tmp/coracle/bin
mkdir -p /tmp/coracle && cp -r /host/share/bin /host/share/lib /tmp/coracle/
export LD_LIBRARY_PATH=/tmp/coracle/lib PATH=$bin:$PATH TMPDIR=/tmp
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
cd /tmp || exit 1
failed=0
IMG=localhost:5000/busybox
MANY=localhost:5000/many

# NAME CONDITION...: one line of TAP.
check() {
	local name="$what: $1"
	shift
	if "$@"; then echo "ok - $name"; else echo "not ok - $name"; failed=1; sed 's/^/#   /' <<<"status $status: $output"; fi
}
driver=
c() { output=$(timeout 120 coracle ${driver:+--storage-driver $driver} "$@" 2>&1); status=$?; output=$(grep -v "^Note: " <<<"$output"); }
is() { [ "$status" = "$1" ] && [ "$output" = "$2" ]; }
has() { [ "$status" = "$1" ] && [[ $output = *"$2"* ]]; }
ok() { [ "$status" = 0 ]; }
eventually() { local i; for ((i = 0; i < 100; i++)); do "$@" && return; sleep 0.1; done; return 1; }

cat >/tmp/registry.yml <<'Y'
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /host/share/registry}, maintenance: {readonly: {enabled: true}}}
http: {addr: "127.0.0.1:5000", secret: x}
Y
docker-registry serve /tmp/registry.yml >/tmp/registry.log 2>&1 &
registry=$!
eventually bash -c ': </dev/tcp/127.0.0.1/5000' 2>/dev/null

info() {
	local want=overlay
	case $what in 5.10*) want=fuse ;; esac
	c info --format '{{.store.graphDriverName}}'
	check "the driver is $want" is 0 $want
	c info --format '{{.host.cgroupVersion}}'
	case $what in *+v1*) check "cgroups v1" is 0 v1 ;; *) check "cgroups v2" is 0 v2 ;; esac
	c info
	sed 's/^/# /' <<<"$output" | grep -iE 'driver|cgroup|kernel|controllers|swap|rootless'
}

pull() {
	c pull -q --tls-verify=false $IMG; check "pull" ok
	c pull -q --tls-verify=false $MANY; check "pull 140 layers" ok
}

# DRIVER: the root file system
roots() {
	driver=$1
	c run --rm --network none $IMG sh -c 'echo hello >/tmp/x; cat /tmp/x; id -u'
	check "$1: run" is 0 $'hello\n0'
	c run --rm --network none $MANY sh -c 'cat /many/last; ls /many; rm /many/last; echo x >/many/139; cat /many/139'
	check "$1: 140 layers" is 0 $'139\n139\nlast\nx'
	c run --rm --network none --read-only $IMG sh -c 'echo x >/etc/x; echo y >/tmp/y && cat /tmp/y'
	check "$1: --read-only" has 0 y
	check "$1: --read-only is" has 0 "ead-only file system"
	c run --network none --name again $IMG sh -c 'echo x >>/kept; wc -l </kept'
	c start -a again
	check "$1: start again" is 0 2
	c rm again
	check "$1: rm" ok
	mkdir -p /tmp/v && rm -rf /tmp/v/* && echo in >/tmp/v/in
	c run --rm --network none -v /tmp/v:/v -v vol$1:/w $IMG sh -c 'cat /v/in; echo out >/v/out; echo w >/w/w; stat -c %u /v/in'
	check "$1: -v" is 0 $'in\n0'
	check "$1: -v wrote" [ "$(cat /tmp/v/out)$(stat -c %u /tmp/v/out)" = "out$(id -u)" ]
	driver=
}

programs() {
	c run --rm --network none $IMG sh -c 'exit 7'; check "exit status" [ $status = 7 ]
	c run --rm --network none $IMG /nothing; check "not found" [ $status = 127 ]
	c run --rm --network none $IMG /etc/passwd; check "not executable" [ $status = 126 ]
	c run --rm --network none $IMG sh -c 'kill -9 $$'; check "pid 1 cannot kill itself" [ $status = 0 ]
	c run --rm --network none $IMG sh -c 'awk "/CapEff|Seccomp:|NoNewPrivs/ { print \$2 }" /proc/self/status; ls -d /proc/kcore'
	check "confined" has 0 00000000800405fb
	output=$(script -qec "timeout 60 coracle run --rm -t --network none $IMG sh -c 'tty; stty size'" /dev/null </dev/null | tr -d '\r'); status=$?
	check "-t" has 0 /dev/pts/0
	c run --rm --network none --init $IMG sh -c 'cat /proc/1/comm'
	check "--init" has 0 coracle-init
	c run --rm --network none --user 1000 $IMG id -u
	case $what in *+one*) ;; *) check "--user" is 0 1000 ;; esac
	c run --rm --network none host sh -c 'id -u; test -r /etc/os-release && echo yes'
	check "host image" is 0 $'0\nyes'
	c run --rm --network none --privileged $IMG sh -c 'mount -t tmpfs t /mnt 2>/dev/null || mkdir /mnt && mount -t tmpfs t /mnt && echo mounted'
	check "--privileged" has 0 mounted
}

background() {
	local id pid keeper
	id=$(coracle run -d --network none --name bg $IMG sleep 1000)
	c ps --format '{{.Names}} {{.State}}'; check "ps" is 0 "bg running"
	c stop -t 0 bg; check "stop" ok
	c wait bg; check "wait" is 0 137
	c rm bg; check "rm" is 0 bg
	coracle run -d --network none --name bg $IMG sleep 1000 >/dev/null
	pid=$(coracle container inspect -f '{{.State.Pid}}' bg)
	keeper=$(coracle container inspect -f '{{.State.ConmonPid}}' bg)
	kill -9 "$keeper"
	c wait bg; check "a killed keeper" is 0 137
	check "a killed keeper takes the program along" eventually dead "$pid"
	coracle rm -f bg >/dev/null
	case $what in *+one*) return ;; esac
	coracle run -d --network none --name bg host setpriv --reuid 1 --clear-groups sleep 1000 >/dev/null
	pid=$(coracle container inspect -f '{{.State.Pid}}' bg)
	eventually grep -qsz sleep "/proc/$pid/cmdline"
	kill -9 "$(coracle container inspect -f '{{.State.ConmonPid}}' bg)"
	check "a killed keeper takes a program of another id along" eventually dead "$pid"
	coracle rm -f bg >/dev/null
}
dead() { [ -n "$1" ] && ! grep -qs '^State:[^Z]*$' "/proc/$1/status"; }

network() {
	c run --rm $IMG sh -c 'ping -c 1 -W 5 10.0.2.2 || grep . /proc/sys/net/ipv4/ping_group_range'; check "slirp: ping the gateway" ok
	serve_word & server=$!
	eventually bash -c ': </dev/tcp/127.0.0.1/7777' 2>/dev/null
	c run --rm --network slirp:allow_host_loopback=true $IMG sh -c 'for i in 1 2 3 4 5; do nc -w 5 10.0.2.2 7777 && break; sleep 1; done </dev/null'
	check "slirp: allow_host_loopback" is 0 from-host
	c run --rm $IMG sh -c 'nc -w 5 10.0.2.2 7777 </dev/null'
	check "slirp: host loopback is closed" [ "$output" != from-host ]
	kill $server
	coracle run -d --name web -p 127.0.0.1:8080:80 $IMG sh -c 'mkdir /www; echo page >/www/index.html; exec httpd -f -p 80 -h /www' >/dev/null
	output=none status=0
	page() { output=$({ exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && timeout 10 cat <&3; } 2>/dev/null); [[ $output = *page* ]]; }
	check "-p" eventually page
	c rm -f -t 0 web; check "rm with a network" ok
}
serve_word() { exec perl -e '
	use Socket; socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
	bind(S, sockaddr_in(7777, INADDR_LOOPBACK)) or die; listen(S, 5);
	while (accept(C, S)) { syswrite(C, "from-host\n"); close(C); }'; }

journal() {
	local id
	id=$(coracle run -d --network none --name j --log-driver journald $IMG sh -c 'echo to the journal; echo wrong >&2')
	c wait j; check "journald: wait" is 0 0
	of_it() { output=$(journalctl -q -o cat --output-fields=MESSAGE "CONTAINER_ID_FULL=$id" "$@" 2>&1); status=$?; }
	both() { of_it; has 0 "to the journal" && has 0 wrong; }
	case $what in
	*+one*)
		check "journald: both streams" eventually both
		of_it -p err; check "journald: priority" is 0 wrong ;;
	esac
	c logs j; check "journald: logs says where" has 125 "journalctl CONTAINER_ID_FULL=$id"
	c rm j
}

limits() {
	c run --rm --network none -m 64m --pids-limit 20 --cpus 0.5 $IMG sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max'
	case $what in
	*+v1*)
		sed 's/^/# /' <<<"$output"
		c run --rm --network none -m 64m $IMG echo ran
		check "v1: limits are refused or ignored with a word" has 0 ran
		check "v1: the word" has 0 limit
		return ;;
	esac
	check "limits are set" is 0 $'67108864\n20\n50000 100000'
	c run --network none --name oom -m 48m --memory-swap 48m $IMG sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=3'
	check "out of memory: 137" [ $status = 137 ]
	c container inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' oom
	check "out of memory: inspect" is 0 "true 137"
	c rm oom
	c run --rm --network none --pids-limit 10 $IMG sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; echo all'
	check "pids limit" has 2 "fork"
	eventually no_scopes
	check "no scopes left" no_scopes
}

# What cgroup v2 gives to commands on a running container: the freezer, its numbers, other limits.
cgroup_commands() {
	case $what in *+v1*) return ;; esac
	local at now
	c run -d --network none --name cg -m 64m --pids-limit 50 $IMG sh -c 'while :; do echo >>/count; sleep 0.05; done'
	check "cgroup: run -d" ok
	count() { c exec cg sh -c 'wc -c </count'; }
	c pause cg; check "pause" ok
	c ps --format '{{.State}}'; check "pause: ps" is 0 paused
	output=$(cat "/proc/$(coracle container inspect -f '{{.State.Pid}}' cg)/cgroup"); status=$?
	output=$(grep -h '^frozen' "/sys/fs/cgroup${output#0::}/cgroup.events"); status=$?
	check "pause: the cgroup is frozen" is 0 "frozen 1"
	c unpause cg; check "unpause" ok
	count; at=$output
	c exec cg sh -c 'cat /proc/self/cgroup /proc/1/cgroup | sort -u | wc -l'; check "exec is in the cgroup" is 0 1
	goes_on() { count; [ "$output" -gt "$at" ]; }
	check "unpause: it goes on" eventually goes_on
	c stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' cg
	check "stats: memory and its limit" eval 'has 0 "cg " && has 0 " / 67.1"'
	c top cg; check "top" has 0 "sleep"
	c restart -t 0 cg; check "restart" ok
	c exec cg cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	check "restart: the limits are there again" is 0 $'67108864\n50'
	c pause cg
	c rm -f -t 0 cg; check "rm -f of a paused container" ok
	c run -d --network none --name no --restart on-failure:2 -m 48m --memory-swap 48m $IMG sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=3'
	twice() { c container inspect -f '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}' no; is 0 "2 exited 137 true"; }
	check "out of memory with a restart policy" eventually twice
	c rm no
	check "no scopes left by commands" eventually no_scopes
}
no_scopes() { ! find /sys/fs/cgroup -name 'coracle-*' 2>/dev/null | grep -q .; }

nested() {
	c run --rm --network none --privileged -v /tmp/coracle:/tmp/coracle -e LD_LIBRARY_PATH=/tmp/coracle/lib host \
		sh -c 'export HOME=/tmp/h; mkdir -p /tmp/h; coracle=/tmp/coracle/bin/coracle; $coracle run --rm --network none host echo inside'
	check "nested" has 0 inside
}

clean() {
	c rm -f -a -t 0
	c ps -a -q; check "nothing is left" is 0 ""
	output=$(pgrep -u "$(id -u)" -a coracle); status=$?
	check "no process is left" [ -z "$output" ]
	c rmi -a -f; check "rmi" ok
	output=$(find ~/.local/share/coracle/layers -mindepth 1 2>&1 | head -5)
	check "no layer is left" [ -z "$output" ]
}

info
pull
case $what in 5.10*) ;; *) roots overlay ;; esac
roots fuse
roots vfs
programs
background
network
journal
limits
cgroup_commands
nested
clean
kill $registry
exit $failed
