# What callers hand over: --status-fd, and sockets that systemd opened.
load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

# OPTION...: run with a status descriptor; its lines are in $lines, the status in $status.
run_with_status() {
	status=0
	"$CORACLE" run --status-fd 8 --network none "$@" 8>"$BATS_TEST_TMPDIR/status" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/status")
	mapfile -t lines <<<"$output"
}

@test "status-fd: the program's end, with signal and timeout" {
	run_with_status --rm host sh -c 'exit 125'; fails 125
	[[ ${lines[0]} =~ ^\{\"event\":\"start\",\"id\":\"[0-9a-f]{64}\",\"pid\":[0-9]+\}$ ]]
	[ "${lines[1]}" = '{"event":"exit","source":"program","code":125,"signal":0,"oom":false,"timeout":false}' ]
	run_with_status --rm --init host sh -c 'kill -9 $$'; fails 137
	run_with_status --rm --timeout 1 host sleep 1000; fails 137
	[ "${lines[1]}" = '{"event":"exit","source":"program","code":137,"signal":9,"oom":false,"timeout":true}' ]
}

@test "status-fd: our own errors, and a program that cannot be executed" {
	run_with_status --rm host no-such-program; fails 127
	[[ ${lines[0]} == '{"event":"error","source":"runtime","code":127,"error":"'*no-such-program* ]]
	run_with_status --rm --cap-add nonsense host true; fails 125
	[[ ${lines[0]} == '{"event":"error","source":"tool","code":125,"error":"'*nonsense* ]]
	c run --rm --status-fd 77 host true; fails 125 status-fd
}

@test "status-fd: the container does not get it; nobody reading it is no harm" {
	run_with_status --rm host ls /proc/self/fd; ok
	[ "$(tr '\n' ' ' <"$BATS_TEST_TMPDIR/out")" = "0 1 2 3 " ]
	run_with_status -d host sleep 1000; ok
	[ "${#lines[@]}" = 1 ]
	status=0; "$CORACLE" run --rm --network none --status-fd 8 host sh -c 'exit 3' 8> >(exec true) || status=$?; fails 3
}

@test "socket activation: descriptors go to the program, with its own number, and to that start only" {
	echo first >"$BATS_TEST_TMPDIR/three"; echo second >"$BATS_TEST_TMPDIR/four"
	activated() { bash -c 'export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=a:b; exec "$@"' sh "$@" \
		3<"$BATS_TEST_TMPDIR/three" 4<"$BATS_TEST_TMPDIR/four"; }
	show='echo "$LISTEN_FDS $LISTEN_PID $$ $LISTEN_FDNAMES"; cat <&3 <&4; cat /dev/fd/3'
	output=$(activated "$CORACLE" run --network none --name box host sh -c "$show")
	says $'2 1 1 a:b\nsecond\nfirst'
	output=$(activated "$CORACLE" run --rm --init --network none host sh -c 'echo $LISTEN_PID $$')
	says "2 2"
	# Not for us: another process's, or nobody's.
	output=$(LISTEN_PID=1 LISTEN_FDS=1 "$CORACLE" run --rm --network none host sh -c 'echo "<$LISTEN_FDS>"')
	says "<>"
	output=$(activated "$CORACLE" start -a box); says $'2 1 1 a:b\nsecond\nfirst'
	c container inspect -f '{{.Config.Env}}' box; lacks LISTEN
}

# What systemd would hear goes to $heard, a line a message, its own lines joined by |.
listen_as_systemd() {
	heard=$BATS_TEST_TMPDIR/heard
	: >"$heard"
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
open(sys.argv[1] + ".ready", "w").close()
with open(sys.argv[2], "a", buffering=1) as out:
    while (m := s.recv(5000)) != b"end":
        out.write(m.decode().replace("\n", "|") + "\n")
' "$BATS_TEST_TMPDIR/sd" "$heard" 3>&- & listener=$!
	eventually test -e "$BATS_TEST_TMPDIR/sd.ready"
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/sd
}
heard() { grep -qx "$1" "$heard"; }
tell() { python3 -c 'import os, socket, sys; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), os.environ["NOTIFY_SOCKET"])' "$1"; }

@test "sdnotify: the program says when it is ready, or we do, or nobody" {
	local listener heard
	listen_as_systemd
	say='import os, socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1\nMAINPID=1\nSTATUS=up", os.environ["NOTIFY_SOCKET"])'
	c run -d --name box --network none host sleep 1000; ok
	keeper=$("$CORACLE" container inspect -f '{{.State.ConmonPid}}' box)
	eventually heard "MAINPID=$keeper"
	! grep -q READY "$heard"
	c exec -e NOTIFY_SOCKET=/run/notify/notify.sock box python3 -c "$say"; ok
	eventually heard 'READY=1|STATUS=up'
	# From the program itself, at each start.
	c rm -f -t 0 box; ok
	: >"$heard"
	c run --name box --network none host python3 -c "$say"; ok
	eventually heard 'READY=1|STATUS=up'
	: >"$heard"
	c start -a box; ok
	eventually heard 'READY=1|STATUS=up'
	: >"$heard"
	c run --rm --network none --sdnotify conmon host sh -c 'echo "<$NOTIFY_SOCKET>"'; ok; says "<>"
	eventually grep -qx 'MAINPID=[0-9]*|READY=1' "$heard"
	: >"$heard"
	c run --rm --network none --sdnotify ignore host sh -c 'echo "<$NOTIFY_SOCKET>"'; ok; says "<>"
	tell 'nothing before'
	eventually heard 'nothing before'
	[ "$(wc -l <"$heard")" = 1 ]
	tell end
	wait $listener
	c run --rm --network none host true; fails 125 NOTIFY_SOCKET
	NOTIFY_SOCKET= c run --rm --network none --sdnotify systemd host true; fails 125 sdnotify
}
