# crash.bats - commands killed at any system call, and many at once.

load helper

setup() {
	fresh_store
	"$CORACLE" pull -q "$BUSYBOX" >"$BATS_TEST_TMPDIR/id"
}

teardown() {
	remove_containers
	remove_tree "$CORACLE_ROOT"
}

# After a kill: everything can be listed, and after one writing command and what it collects nothing is left over.
survives() {
	c images -q
	ok
	c ps -a
	ok
	"$CORACLE" rm -f -a >/dev/null 2>&1
	"$CORACLE" create --name probe "$BUSYBOX" true >/dev/null || no "$*: create fails"
	c rm -f -a
	ok
	eventually is_clean || no "$*: $(assert_clean)"
	c run --rm "$BUSYBOX" echo works
	ok
	says works
	[ -z "$("$CORACLE" volume ls -q)" ] || no "$*: volumes: $("$CORACLE" volume ls -q)"
	assert_clean
}

# A process that was killed may take a moment to be gone with its locks.
is_clean() {
	"$CORACLE" rm -f -a >/dev/null 2>&1
	"$CORACLE" volume create gone >/dev/null 2>&1
	"$CORACLE" volume rm gone >/dev/null 2>&1
	assert_clean >/dev/null
}

# COMMAND...: trace it; not its children, as programs that are traced lose their set-user-ID rights (newuidmap).
traced() { timeout 60 strace -qq "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&-; }

# SIGNAL COMMAND...: run it again and again, with the signal at another one of the system calls it makes each time
# (POINTS of them, spread evenly; 0: all), and look at what is left with `between`.
each_call() {
	local signal=$1 rc i step calls
	shift
	command -v strace >/dev/null || { echo "strace is not installed"; return 1; }
	traced -o "$BATS_TEST_TMPDIR/trace" "$@" || no "$* fails: $(cat "$BATS_TEST_TMPDIR/out")"
	between "$*" 0
	# Calls are numbered by name.
	mapfile -t calls < <(awk '{
		if (match($0, /^[a-z0-9_]+\(/)) {
			name = substr($0, 1, RLENGTH - 1)
			call = name ":signal='"$signal"':when=" ++n[name]
			if (name != "exit_group" && name != "execve")
				print call
		}
	}' "$BATS_TEST_TMPDIR/trace")
	[ ${#calls[@]} -gt 20 ] || no "only ${#calls[@]} calls"
	step=$((${POINTS:-0} ? ${#calls[@]} / POINTS + 1 : 1))
	for ((i = 0; i < ${#calls[@]}; i += step)); do
		rc=0
		traced -o /dev/null -e "inject=${calls[i]}" "$@" || rc=$?
		[ $rc != 124 ] || no "${calls[i]} of $*: hangs"
		between "${calls[i]} of $*" $rc
	done
}

# COMMAND...: its children (the keeper) are killed some moments after it has begun.
kill_children() {
	local n pid
	for ((n = 0; n < 20; n++)); do
		"$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		pid=$!
		sleep "0.0$((n * 15 / 100))$((n * 15 / 10 % 10))$((n * 15 % 10))"
		pkill -KILL -P $pid || :
		wait $pid || :
		between "children killed after $((n * 15 / 10)) ms of $*"
	done
}

@test "run killed at any call" {
	between() { survives "$1"; }
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" run --rm -v /anonymous "$BUSYBOX" true
	kill_children "$CORACLE" run --rm -v /anonymous "$BUSYBOX" true
}

@test "run -d killed at any call" {
	between() { survives "$1"; }
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" run -d --name again "$BUSYBOX" true
	kill_children "$CORACLE" run -d --name again "$BUSYBOX" true
}

@test "rm killed at any call" {
	between() {
		survives "$1"
		"$CORACLE" create --name victim "$BUSYBOX" true >/dev/null
	}
	"$CORACLE" create --name victim "$BUSYBOX" true
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" rm victim
}

@test "pull killed at any call" {
	between() {
		c images -q
		ok
		c pull -q "$LAYERS"
		ok
		assert_clean
		skopeo inspect --config "oci:$CORACLE_ROOT/images:$LAYERS:latest" >/dev/null || no "$1: skopeo cannot read it"
		c run --rm --entrypoint cat "$LAYERS" changed
		ok
		says new
		"$CORACLE" rmi "$LAYERS" >/dev/null || no "$1: rmi"
		[ "$(ls "$CORACLE_ROOT/layers" | wc -l)" = 1 ] || no "$1: layers are left"
	}
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" pull -q "$LAYERS"
	kill_children "$CORACLE" pull -q "$LAYERS"
}

@test "rmi and tag killed at any call" {
	between() {
		c images -q
		ok
		c pull -q "$LAYERS"
		ok
		"$CORACLE" rmi other >/dev/null 2>&1 || :
		c run --rm "$BUSYBOX" true
		ok
	}
	"$CORACLE" pull -q "$LAYERS"
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" tag "$LAYERS" other
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" rmi "$LAYERS"
	"$CORACLE" rmi "$LAYERS"
	[ "$(ls "$CORACLE_ROOT/layers" | wc -l)" = 1 ] || no "layers are left"
	assert_clean
}

@test "volume create killed at any call" {
	between() {
		"$CORACLE" volume rm v >/dev/null 2>&1 || :
		survives "$1"
	}
	POINTS=${POINTS:-25} each_call KILL "$CORACLE" volume create v
}

@test "run ends by SIGINT and SIGTERM at any call and leaves nothing" {
	between() {
		case $2 in 0|130|143) ;; *) no "$1: status $2: $(cat "$BATS_TEST_TMPDIR/out")" ;; esac
		assert_clean || no "$1: left"
	}
	POINTS=${POINTS:-25} each_call INT "$CORACLE" run --rm "$BUSYBOX" true
	POINTS=${POINTS:-25} each_call TERM "$CORACLE" run --rm "$BUSYBOX" true
}

@test "many runs at once" {
	local i pids=() failed=0
	for ((i = 0; i < 50; i++)); do
		"$CORACLE" run --rm --network none "$BUSYBOX" true </dev/null >>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		pids+=($!)
	done
	c ps -a
	ok
	for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
	[ $failed = 0 ] || no "$failed failed: $(cat "$BATS_TEST_TMPDIR/out")"
	assert_clean
}

@test "many pulls of one image at once" {
	local i pids=() failed=0
	for ((i = 0; i < 10; i++)); do
		"$CORACLE" pull -q "$LAYERS" </dev/null >>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
	[ $failed = 0 ] || no "$failed failed: $(cat "$BATS_TEST_TMPDIR/out")"
	[ "$(sort -u "$BATS_TEST_TMPDIR/out" | wc -l)" = 1 ] || no "different answers"
	c run --rm --entrypoint cat "$LAYERS" changed
	says new
	assert_clean
}

@test "run while rmi removes its image: it runs whole, or says that there is none" {
	local i pid out
	for ((i = 0; i < 25; i++)); do
		"$CORACLE" pull -q "$LAYERS" >/dev/null
		"$CORACLE" run --rm --pull never --entrypoint cat "$LAYERS" keep/three changed </dev/null \
			>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
		pid=$!
		sleep "0.00$((i % 10))"
		"$CORACLE" rmi "$LAYERS" >/dev/null 2>"$BATS_TEST_TMPDIR/rmi" || :
		wait $pid || :
		out=$(cat "$BATS_TEST_TMPDIR/out")
		case $out in
		$'three\nnew' | *"image not known"*) ;;
		*) no "round $i: $out; rmi: $(cat "$BATS_TEST_TMPDIR/rmi")" ;;
		esac
	done
}

@test "a damaged image: clear error, others go on, rmi removes it" {
	"$CORACLE" pull -q "$LAYERS"
	local manifest
	for what in manifest config; do
		manifest=$(skopeo inspect --raw "oci:$CORACLE_ROOT/images:$LAYERS:latest" | sha256sum | cut -d' ' -f1)
		[ $what = manifest ] ||
			manifest=$(skopeo inspect --raw "oci:$CORACLE_ROOT/images:$LAYERS:latest" | jq -r .config.digest | cut -d: -f2)
		chmod u+w "$CORACLE_ROOT/images/blobs/sha256/$manifest"
		echo '{"broken' >"$CORACLE_ROOT/images/blobs/sha256/$manifest"
		cs run --rm "$LAYERS" true
		fails 125 "is damaged"
		[[ $stderr == "Error: "* && $stderr != *$'\n'* ]] || no "not one line"
		c images -q
		ok
		c run --rm "$BUSYBOX" true
		ok
		c rmi "$LAYERS"
		ok
		c images
		lacks layers
		[ "$(ls "$CORACLE_ROOT/layers" | wc -l)" = 1 ] || no "$what: its layers are left"
		c pull -q "$LAYERS"
		ok
		c run --rm --entrypoint cat "$LAYERS" changed
		says new
	done
	rm -f "$CORACLE_ROOT/images/blobs/sha256/$manifest"
	c run --rm "$LAYERS" true
	fails 125 "is damaged"
	c pull -q "$LAYERS"
	ok
	c run --rm --entrypoint cat "$LAYERS" changed
	says new
}

@test "a changed document is told where it would be given away or shown, and a pull puts it right" {
	local id blob
	id=$("$CORACLE" pull -q "$BUSYBOX")
	blob=$CORACLE_ROOT/images/blobs/sha256/$id
	sed -i 's/"linux"/"linuX"/' "$blob"
	for command in "save -q -o $BATS_TEST_TMPDIR/x.tar" "image inspect" "push -q"; do
		c $command "$BUSYBOX"; fails 125 "has been changed"
	done
	c pull -q "$BUSYBOX"; ok
	c image inspect --format '{{.Os}}' "$BUSYBOX"; says linux
}
