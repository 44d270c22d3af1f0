# attach, and start --attach of a container that runs already: output, input, signals, detach keys, slow clients.
load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

# FILE CLIENT...: run coracle in the background; its output is in FILE.
client() { local f=$1; shift; "$CORACLE" "$@" >"$f" 2>&1 3>&- & pids+=($!); }
in_file() { eventually grep -q "$1" "$2"; }

@test "attach: several clients see the same output and the same status" {
	c run -d -i --network none --name box host sh -c 'while read -r x; do echo "got $x"; done; exit 5'; ok
	pids=()
	for n in 1 2 3; do client "$BATS_TEST_TMPDIR/out$n" attach --no-stdin box; done
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$CORACLE" start -ai box <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out4" 2>&1 3>&- & pids+=($!)
	exec 7>"$BATS_TEST_TMPDIR/in"
	# Not everybody may be there for the first lines.
	all() { echo here >&7; for n in 1 2 3 4; do grep -q 'got here' "$BATS_TEST_TMPDIR/out$n" || return 1; done; }
	eventually all
	echo last >&7
	exec 7>&-
	for p in "${pids[@]}"; do status=0; wait "$p" || status=$?; fails 5; done
	for n in 1 2 3 4; do [ "$(tail -n 1 "$BATS_TEST_TMPDIR/out$n")" = "got last" ]; done
	c attach box; fails 125 "only attach to running containers"
	c attach nobody; fails 125 "no such container"
}

@test "attach: signals are passed on, or not" {
	c run -d --network none --name box host sh -c 'trap "echo usr1" USR1; trap "exit 6" TERM; while :; do sleep 0.1; done'; ok
	pids=()
	client "$BATS_TEST_TMPDIR/a" attach --no-stdin box
	client "$BATS_TEST_TMPDIR/b" attach --no-stdin --sig-proxy=false box
	# Before that a signal would just end it.
	blocks() { grep -q '^SigBlk:.*[1-9a-f]' "/proc/$1/status"; }
	eventually blocks "${pids[0]}"; eventually blocks "${pids[1]}"
	attached() { kill -USR1 "${pids[0]}"; grep -q usr1 "$BATS_TEST_TMPDIR/b"; }
	eventually attached
	kill -TERM "${pids[1]}"; status=0; wait "${pids[1]}" || status=$?; fails 143
	c ps -q --filter name=box; [ -n "$output" ]
	kill -TERM "${pids[0]}"; status=0; wait "${pids[0]}" || status=$?; fails 6
}

@test "attach: a terminal, and the detach keys" {
	c run -dit --network none --name box host sh -c 'while read -r x; do echo "got:$x"; done'; ok
	: >"$BATS_TEST_TMPDIR/out"
	(eventually grep -q ready "$BATS_TEST_TMPDIR/out"; printf 'hello\n'; in_file got:hello "$BATS_TEST_TMPDIR/out"; printf 'ax') |
		timeout 20 script -qefc "echo ready; exec $CORACLE attach --detach-keys a,x box" /dev/null >"$BATS_TEST_TMPDIR/out"
	c ps -q --filter name=box; [ -n "$output" ]
	c attach --detach-keys wrong-key box; fails 125 detach-keys
}

@test "attach: a stopped client holds up neither the container nor another client" {
	c run -d -i --network none --name box host sh -c 'while read -r x; do case $x in
		go) yes 0123456789abcdef | head -c 8000013; touch /tmp/done ;;
		*) echo "got $x" ;;
	esac; done'; ok
	pids=()
	client "$BATS_TEST_TMPDIR/slow" attach --no-stdin box
	client "$BATS_TEST_TMPDIR/quick" attach --no-stdin box
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$CORACLE" attach box <"$BATS_TEST_TMPDIR/in" >/dev/null 2>&1 3>&- & pids+=($!)
	exec 7>"$BATS_TEST_TMPDIR/in"
	both() { echo here >&7; for f in slow quick; do grep -q "got here" "$BATS_TEST_TMPDIR/$f" || return 1; done; }
	eventually both
	kill -STOP "${pids[0]}"
	echo go >&7
	eventually "$CORACLE" exec box test -e /tmp/done
	kill -CONT "${pids[0]}"
	echo last >&7; exec 7>&-
	for p in "${pids[@]}"; do wait "$p"; done
	grep -q "bytes of output are missing" "$BATS_TEST_TMPDIR/slow"
	[ "$(grep -c 0123456789abcdef "$BATS_TEST_TMPDIR/slow")" -lt 400000 ]
	[ "$(grep -vc '^got' "$BATS_TEST_TMPDIR/quick")" = 470589 ]
	[ "$(tail -n 1 "$BATS_TEST_TMPDIR/quick")" = "got last" ]
}

@test "attach: a hundred clients at once" {
	c run -d -i --network none --name box host sleep 1000; ok
	pids=()
	for n in {1..100}; do client "$BATS_TEST_TMPDIR/many" attach --no-stdin box; done
	sockets() { [ "$(grep -c /ctl /proc/net/unix)" -gt 100 ]; }
	eventually sockets
	c stop -t 0 box; ok
	for p in "${pids[@]}"; do status=0; wait "$p" || status=$?; fails 137; done
}

@test "attach: where nothing can be shown, it says so" {
	"$CORACLE" run --rm --network none --name box host sleep 1000 >/dev/null 2>&1 3>&- & run=$!
	runs() { [ -n "$("$CORACLE" ps -q)" ]; }
	eventually runs
	pids=()
	client "$BATS_TEST_TMPDIR/out" attach box
	in_file "straight to the output" "$BATS_TEST_TMPDIR/out"
	c stop -t 0 box; ok
	wait "${pids[0]}" "$run" || :
}

@test "attach: -a shows that stream alone, whether a log is kept or not" {
	for rm in --rm --rm=false; do
		cs run $rm --network none -a stderr host sh -c 'echo out; echo err >&2'; ok; says ""; [ "$stderr" = err ]
		cs run $rm --network none -a stdout host sh -c 'echo out; echo err >&2'; ok; says out; [ "$stderr" = "" ]
	done
	c logs -l; ok; has out; has err
}
