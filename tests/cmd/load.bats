# Many containers at once, and processes killed at any time. STRESS=1 (make stress) takes more of everything.
load helper

setup() {
	fresh_store
	many=40 kills=20 stopped=100
	[ -z "${STRESS-}" ] || many=200 kills=500 stopped=1000
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

# Processes of ours that belong to this test's store: they have something of it open.
ours() {
	local p
	for p in $(pgrep -u "$(id -u)" .); do
		[ "$p" != $$ ] && readlink "/proc/$p"/fd/* 2>/dev/null | grep -q "^$CORACLE_ROOT/" && echo "$p $(cat "/proc/$p/comm")"
	done
	return 0
}
nothing_runs() { [ -z "$(ours)" ]; }

# Of these and their children, also those that let nobody look into them (net, overlay), for good: into $seen.
declare -A seen
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1,20; }
look() {
	local p
	for p in $(ours | awk '{ print $1 }'); do
		for p in $p $(pgrep -P "$p"); do
			case $(cat "/proc/$p/comm" 2>/dev/null) in coracle*) seen[$p]=$(started "$p" | cut -d' ' -f2) ;; esac
		done
	done
	return 0
}
# Those of $seen that are there still.
there() {
	local p now
	for p in "${!seen[@]}"; do
		now=$(started "$p")
		[[ $now = "" || $now = Z* || ${now#* } != "${seen[$p]}" ]] || echo "$p $(cat "/proc/$p/comm" 2>/dev/null)"
	done
}
all_gone() { [ -z "$(there)" ]; }

@test "load: many containers by 16 processes, every code right, nothing left over" {
	worker() {
		local i rc
		for ((i = $1; i < many; i += 16)); do
			rc=0; "$CORACLE" run --rm --network none host sh -c "exit $((i % 100))" || rc=$?
			[ "$rc" = $((i % 100)) ] || echo "$i: $rc"
		done
	}
	for w in {0..15}; do worker "$w" >>"$BATS_TEST_TMPDIR/wrong" 2>&1 3>&- & done
	wait
	[ ! -s "$BATS_TEST_TMPDIR/wrong" ] || no "$(cat "$BATS_TEST_TMPDIR/wrong")"
	eventually nothing_runs || no "$(ours)"
	c ps -a -q; says ""
	assert_clean
}

@test "load: many stopped containers are listed, and removed together" {
	for ((w = 0; w < 4; w++)); do
		for ((i = w; i < stopped; i += 4)); do "$CORACLE" create --network none --name "c$i" host true || echo "$i"; done >/dev/null 3>&- &
	done
	wait
	c ps -a -q; ok; [ "${#lines[@]}" = "$stopped" ]
	c rm -a; ok; [ "${#lines[@]}" = "$stopped" ]
	assert_clean
}

# ID: its state is one that can be, and says what is so.
truthful() {
	local s
	s=$("$CORACLE" container inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' "$1" 2>/dev/null) || return 0      # gone: fine
	case $s in
	running*) "$CORACLE" exec "$1" true ;;
	restarting* | "exited 137"* | "exited 0"* | "exited 5"* | "created 0"*) ;;
	"exited 125 "?*) ;;     # what serves it was killed while it was being started again, and it says so
	*) no "state: $s" ;;
	esac
}

@test "load: client, keeper, guard, program, overlay or net killed at any time" {
	local net round pid id
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	# With the overlay that is a process of ours, where it can be.
	printf '[coracle]\nstorage-driver=fuse\n' >"$BATS_TEST_TMPDIR/conf"
	[ ! -w /dev/fuse ] || export CORACLE_CONF=$BATS_TEST_TMPDIR/conf
	for ((round = 0; round < kills; round++)); do
		net=none
		[ $((round % 3)) != 0 ] || [ ! -e /dev/net/tun ] || net=slirp
		case $((round % 4)) in
		0) "$CORACLE" run --network $net --name box "$BUSYBOX" sh -c 'sleep 0.2; exit 5' ;;
		1) "$CORACLE" run -d --network $net --name box "$BUSYBOX" sleep 1000 ;;
		2) "$CORACLE" run -d --network $net --restart always --name box "$BUSYBOX" sleep 0.05 ;;
		3) "$CORACLE" run -d --network $net --name box --health-cmd true --health-interval 20ms "$BUSYBOX" sleep 1000; "$CORACLE" exec box sleep 0.2 ;;
		esac >/dev/null 2>&1 3>&- &
		sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
		look
		pid=$({ ours; there; "$CORACLE" ps --format '{{.Pid}} program'; } | awk '$1 > 1 { print $1 }' | shuf -n 1)
		[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :
		for id in $("$CORACLE" ps -a -q); do
			settled() { truthful "$id" >/dev/null 2>&1; }
			eventually settled || truthful "$id"
		done
		timeout 30 "$CORACLE" rm -f -a -t 0 >/dev/null 2>&1 || no "rm is stuck or fails, round $round"
		wait
		timeout 30 "$CORACLE" rm -f -a -t 0 >/dev/null 2>&1 || no "rm is stuck or fails, round $round"
	done
	eventually nothing_runs || no "left: $(ours)"
	eventually all_gone || no "left: $(there)"
	c ps -a -q; says ""
	# The next writing command collects what was half made.
	c create --network none host true; ok
	c rm -a; ok
	clean() { "$CORACLE" create --network none host true >/dev/null && "$CORACLE" rm -a >/dev/null && assert_clean; }
	eventually clean
}
