# exec: what it joins, what it hands on, how it ends, and what the container must not see of it.
load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

# [OPTION...]: a container "box" of the machine's own files that runs until it is stopped.
box() { c run -d --network none --name box "$@" host sleep 1000; ok; }

@test "exec: the container's namespaces, user, environment, directory and rights" {
	box -e A=from-run -w /tmp --hostname ship --cap-drop all --cap-add chown --read-only
	c exec box sh -c 'echo $A $PWD $HOME $(id -u) $(hostname) $(tr "\0" " " </proc/1/cmdline)'; ok
	says "from-run /tmp /root 0 ship sleep 1000"
	for f in CapBnd CapEff CapPrm CapInh CapAmb Seccomp NoNewPrivs; do
		c exec box awk -v "f=$f:" '$1 == f { print $2 }' /proc/self/status; ok; inside=$output
		c exec box awk -v "f=$f:" '$1 == f { print $2 }' /proc/1/status; ok; says "$inside"
	done
	for ns in user mnt pid net ipc uts; do
		c exec box readlink /proc/self/ns/$ns; inside=$output
		c exec box readlink /proc/1/ns/$ns; says "$inside"
		[ "$inside" != "$(readlink /proc/self/ns/$ns)" ]
	done
	c exec box touch /x; fails 1 "Read-only file system"
}

@test "exec: statuses are exact" {
	box
	c exec box true; ok; says ""
	c exec box sh -c 'exit 7'; fails 7
	c exec box sh -c 'kill -9 $$'; fails 137
	c exec box no-such-program; fails 127 no-such-program
	c exec box /etc/passwd; fails 126 "Permission denied"
	c exec -w /no/such box true; fails 127 /no/such
	c exec -w tmp box true; fails 125 absolute
	c exec -u nobody-here box true; fails 126 nobody-here
	c exec box; fails 125
	c exec nobody true; fails 125 "no such container"
	c stop -t 0 box; ok
	c exec box true; fails 255 "can only create exec sessions on running containers"
}

@test "exec: user, groups, environment, --privileged" {
	box -e A=1 -e HOME=/h
	c exec -u daemon -e HOME box sh -c 'echo $(id -un) $(id -gn)'; ok; says "daemon daemon"
	c exec -u 77:88 box id; ok; says "uid=77 gid=88 groups=88"
	c exec -u 77 box awk '$1 == "CapEff:" { print $2 }' /proc/self/status; says 0000000000000000
	printf '# a comment\nB=2\nC=three four\n' >"$BATS_TEST_TMPDIR/env"
	D=4 c exec --env-file "$BATS_TEST_TMPDIR/env" -e D -e A=5 box sh -c 'echo "$A $B $C $D $HOME"'; ok
	says "5 2 three four 4 /h"
	c exec --privileged box awk '$1 == "CapEff:" { print $2 }' /proc/self/status; ok
	all=$output
	c exec box awk '$1 == "CapEff:" { print $2 }' /proc/self/status; ok
	[ "$all" != "$output" ] && [ $((0x$all & 0x$output)) = $((0x$output)) ]
}

@test "exec: standard streams and other descriptors are passed straight through" {
	box
	printf 'a\0b\xff' >"$BATS_TEST_TMPDIR/in"
	"$CORACLE" exec -i box cat <"$BATS_TEST_TMPDIR/in" | cmp - "$BATS_TEST_TMPDIR/in"
	[ -z "$(echo lost | "$CORACLE" exec box cat)" ]
	cs exec box sh -c 'echo out; echo err >&2'; ok; says out
	[ "$stderr" = err ]
	echo file >"$BATS_TEST_TMPDIR/three"
	c exec --preserve-fds 1 box cat /dev/fd/3 3<"$BATS_TEST_TMPDIR/three"; ok; says file
	# Nothing else: 0, 1, 2 and the directory that ls reads.
	c exec box ls /proc/self/fd 3</etc/hostname 9</; ok; says $'0\n1\n2\n3'
	"$CORACLE" exec -i box true </ && no "a directory of the host was passed on"
	status=0; "$CORACLE" exec box yes | head -n 1 >/dev/null || status=$?
	ok
}

@test "exec: a terminal, its size, detach keys" {
	box
	output=$(timeout 20 script -qec "stty rows 33 cols 99; $CORACLE exec -it box sh -c 'tty; stty size; echo \$TERM; exit 3'" /dev/null </dev/null) || status=$?
	[ "$status" = 3 ]
	output=${output//$'\r'/}
	has "/dev/pts/0"; has "33 99"; has xterm
	: >"$BATS_TEST_TMPDIR/out"
	(eventually grep -q here "$BATS_TEST_TMPDIR/out"; printf '\x10\x11') | timeout 20 script -qefc "$CORACLE exec -it box sh -c 'echo here; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo on >/tmp/on'" /dev/null >"$BATS_TEST_TMPDIR/out"
	grep -q here "$BATS_TEST_TMPDIR/out"
	c exec box touch /tmp/go; ok
	eventually "$CORACLE" exec box test -e /tmp/on
}

@test "exec: -d runs on, -l and --cidfile choose" {
	c run -d --network none --name box --cidfile "$BATS_TEST_TMPDIR/cid" host sleep 1000; ok
	c exec -d box sh -c 'read x || echo empty >/tmp/done'; ok
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	eventually "$CORACLE" exec box test -s /tmp/done
	c exec -l hostname; ok
	c exec --cidfile "$BATS_TEST_TMPDIR/cid" echo hi; ok; says hi
	c exec -d box no-such-program; fails 127
}

@test "exec: signals are passed on; a killed client takes the process with it" {
	box
	"$CORACLE" exec box sh -c 'trap "exit 42" TERM; echo ready >/tmp/r; while :; do sleep 0.1; done' & client=$!
	eventually "$CORACLE" exec box test -e /tmp/r
	kill -TERM $client
	status=0; wait $client || status=$?
	fails 42
	"$CORACLE" exec box sleep 4711 & client=$!
	sleeps() { "$CORACLE" exec box pgrep -r S -f '^sleep 4711'; }
	eventually sleeps
	kill -KILL $client
	gone() { ! sleeps; }
	eventually gone
}

@test "exec: many at once, and the end of the container ends them" {
	box
	for i in {1..100}; do
		{ "$CORACLE" exec box sh -c "exit $((i % 50 + 1))" || echo $? >>"$BATS_TEST_TMPDIR/codes"; } &
	done
	wait
	[ "$(sort -n "$BATS_TEST_TMPDIR/codes" | uniq -c | awk '$1 == 2' | wc -l)" = 50 ]
	"$CORACLE" exec box sleep 1000 & client=$!
	sleeps() { [ "$("$CORACLE" exec box pgrep -c -f '^sleep 1000')" = 2 ]; }
	eventually sleeps
	c stop -t 0 box; ok
	status=0; wait $client || status=$?
	fails 137
}

@test "exec: the container cannot look at the process before it is the program" {
	box
	# Looks at every process called coracle: there is one from the moment it is inside to its exec.
	cat >"$BATS_TEST_TMPDIR/look" <<-'S'
		while [ ! -e /tmp/stop ]; do
			for p in /proc/[0-9]*; do
				read -r name <$p/comm && [ "$name" = coracle ] || continue
				echo "$p" >>/tmp/met
				[ -e $p/exe ] || [ -e $p/fd/0 ] || [ -e $p/cwd ] || continue
				read -r name <$p/comm && [ "$name" = coracle ] && echo "$p" >>/tmp/seen
			done
		done 2>/dev/null
	S
	"$CORACLE" exec -d box sh -c "$(cat "$BATS_TEST_TMPDIR/look")"
	# Such a PATH takes it a while.
	path=$(printf '/n:%.0s' {1..40000})/bin
	met() { "$CORACLE" exec -e PATH="$path" box true && "$CORACLE" exec box test -e /tmp/met; }
	eventually met
	"$CORACLE" exec -e PATH="$path" box true
	c exec box sh -c 'touch /tmp/stop; cat /tmp/seen'; fails 1 "No such file"
}

@test "exec: coracle's own file is not the program" {
	box
	c exec box /proc/self/exe; fails 126 "link of /proc"
}
