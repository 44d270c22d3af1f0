# A container's life: run, ps, stop, kill, wait, start, rm, logs, and what is left when its keeper is killed.
load helper

setup() {
	fresh_store
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,etc}
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	for a in sh cat echo sleep true yes; do ln -s busybox "$ROOT/bin/$a"; done
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{root,store,run}; }

@test "stop says why a program had to be killed, and what helps" {
	"$CORACLE" run -d --network none --name deaf host sleep 1000 >/dev/null
	cs stop -t 1 deaf
	ok
	says deaf
	[[ $stderr == *"deaf did not end within 1 seconds of signal TERM"*"--init"* ]] || no "no reason"
	cs start deaf
	cs stop -t 0 deaf
	[ -z "$stderr" ] || no "says something where SIGKILL was asked for"
	"$CORACLE" run -d --network none --name stubborn host sh -c 'trap : TERM; echo ready; while :; do sleep 1; done' >/dev/null
	eventually sh -c '[ -n "$("$CORACLE" logs stubborn)" ]'
	cs stop -t 1 stubborn
	[[ $stderr == *"was killed" ]] || no "not told, or told of --init"
	cs rm -f -a
	ok
	[ -z "$stderr" ] || no "removal of stopped ones says something"
	assert_clean
}

@test "a detached container is listed, stopped, started, waited for and removed" {
	c run -d --network none --name web -l a=b --rootfs "$ROOT" sleep 100; ok
	id=$output
	c ps -q --no-trunc; ok; says "$id"
	c ps --format '{{.Names}} {{.State}}'; says "web running"
	c ps -a -q --filter label=a=c; says ""
	c rm web; fails 2 "running"
	c stop -t 0 web; ok; says web
	c ps -q; says ""
	c wait web; says 137
	c wait -i 1s web; says 137; c wait -i 250 web; says 137
	c wait -i soon web; fails 125 '--interval "soon"'
	c container inspect -f '{{.State.Status}} {{.State.ExitCode}}' "${id:0:8}"; says "exited 137"
	c start web; ok; says web
	c rm -f -t 0 web; ok
	assert_clean
}

@test "several names: one line each, the worst status, and missing ones by name" {
	c run -d --network none --name one --rootfs "$ROOT" sleep 100; ok
	cs rm -f -t 0 one nobody; ok; says one
	cs rm nobody; fails 1 'no container with name or ID "nobody" found'
	cs stop nobody; fails 125 nobody
	c stop --ignore nobody; ok
	c container exists nobody; fails 1
	cs ps --filter colour=red; fails 125 colour
}

@test "a taken name is refused and names its holder" {
	c run -d --network none --name one --rootfs "$ROOT" sleep 100; ok
	id=$output
	cs run --rm --network none --name one --rootfs "$ROOT" true; fails 125 "$id"
}

@test "a killed keeper takes the container with it; the state is exited 137" {
	c run -d --network none --name one --rootfs "$ROOT" sleep 100; ok
	pid=$("$CORACLE" container inspect -f '{{.State.Pid}}' one)
	kill -9 "$("$CORACLE" container inspect -f '{{.State.ConmonPid}}' one)"
	c wait one; says 137
	c ps -a --format '{{.State}} {{.ExitCode}}'; says "exited 137"
	gone() { case "$(cat /proc/$pid/stat 2>/dev/null)" in ''|*') Z '*) ;; *) return 1 ;; esac; }
	eventually gone
	c rm one; ok
	assert_clean
}

@test "a killed keeper takes along a program that has changed its ids" {
	c run -d --network none --name one host setpriv --reuid 1 --clear-groups sleep 100; ok
	pid=$("$CORACLE" container inspect -f '{{.State.Pid}}' one)
	eventually grep -qz sleep "/proc/$pid/cmdline"
	kill -9 "$("$CORACLE" container inspect -f '{{.State.ConmonPid}}' one)"
	gone() { ! grep -qs '^State:[^Z]*$' "/proc/$pid/status"; }
	eventually gone
	c ps -a --format '{{.State}} {{.ExitCode}}'; says "exited 137"
	c rm one; ok
}

@test "a detached container keeps nothing of its caller's" {
	cd "$BATS_TEST_TMPDIR"
	out=$(timeout 20 "$CORACLE" run -d --network none --name one --rootfs "$ROOT" sleep 100 3>&- 7>&1)
	[ -n "$out" ]
	keeper=$("$CORACLE" container inspect -f '{{.State.ConmonPid}}' one)
	for p in $keeper $(pgrep -P "$keeper"); do
		[ "$p" = "$("$CORACLE" container inspect -f '{{.State.Pid}}' one)" ] && continue
		[ "$(readlink "/proc/$p/cwd")" = / ]
		[ "$(cut -d' ' -f7 <"/proc/$p/stat")" = 0 ]
	done
}

@test "logs keep the streams apart, with times and tails" {
	c run --network none --name one --rootfs "$ROOT" sh -c 'echo a; echo b; echo err >&2'; ok
	cs logs one; ok; says $'a\nb'; [ "$stderr" = err ]
	cs logs --tail 1 -t one
	[[ $output$stderr =~ ^20[0-9-]+T[0-9:.]+Z ]]
}

@test "pipelines: own descriptors, nothing eaten, a broken pipe is 141" {
	out=$(printf 'a\nb\n' | ("$CORACLE" run -i --rm --network none --rootfs "$ROOT" true; cat))
	[ "$out" = $'a\nb' ]
	bash -c '"$0" run --rm --network none --rootfs "$1" yes 2>/dev/null | head -1; [ "${PIPESTATUS[0]}" = 141 ]' "$CORACLE" "$ROOT"
	out=$(echo x | timeout 10 "$CORACLE" run --rm -it --network none --rootfs "$ROOT" cat | tr -d '\r')
	[ "$out" = $'x\nx' ]
	assert_clean
}

@test "signals reach the program, and its status comes back" {
	"$CORACLE" run --rm --network none --name one --rootfs "$ROOT" sh -c 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	eventually grep -q up "$BATS_TEST_TMPDIR/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ $status -eq 5 ]
	assert_clean
}
