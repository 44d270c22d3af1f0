# What is done to containers by name: rename, port, pause, top. The answers are podman 4.3.1's.
load helper

setup() {
	fresh_store
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,etc}
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	for a in sh cat echo sleep true ps; do ln -s busybox "$ROOT/bin/$a"; done
	printf 'root:x:0:0::/:/bin/sh\nalice:x:7:8::/:/bin/sh\n' >"$ROOT/etc/passwd"
	printf 'root:x:0:\nboats:x:8:\n' >"$ROOT/etc/group"
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{root,store,run}; }

start() { "$CORACLE" run -d --network none --name "$1" --rootfs "$ROOT" "${@:2}" >/dev/null 3>&-; }

@test "rename: running or not; a taken name is refused; --rm of a renamed one leaves nothing" {
	start one sleep 100
	"$CORACLE" create --name two --network none --rootfs "$ROOT" true >/dev/null
	cs rename one three; ok; says ""
	cs rename three two; fails 125 'name "two" is already in use'
	cs rename nope x; fails 125 'no container with name or ID "nope" found'
	cs rename three bad/name; fails 125 'names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*'
	cs rename three; fails 125
	cs ps -a --format '{{.Names}}'; says $'three\ntwo'
	cs container rename two one; ok
	cs inspect -f '{{.Name}}' one; says one
	c rm -f -t 0 three one; ok
	assert_clean
	"$CORACLE" run -d --rm --network none --name four --rootfs "$ROOT" sleep 100 >/dev/null 3>&-
	c rename four five; ok
	c kill five; ok
	eventually assert_clean
}

@test "port: all, one, of all containers, and what is not published" {
	"$CORACLE" run -d --name web -p 127.0.0.1::80 -p 127.0.0.1::53/udp --rootfs "$ROOT" sleep 100 >/dev/null 3>&-
	start bare sleep 100
	cs port web; ok
	[[ ${lines[0]} =~ ^(80/tcp|53/udp)\ -\>\ 127.0.0.1:[0-9]+$ ]]; [ "${#lines[@]}" = 2 ]
	tcp=$(grep ^80 <<<"$output"); tcp=${tcp#*-> }
	cs port web 80; ok; says "$tcp"
	cs port web 80/tcp; says "$tcp"
	cs port web 81; fails 125 'failed to find published port "81"'
	cs port web x; fails 125 '"x" is not a port'
	cs port bare; ok; says ""
	cs port -a; ok; has "$("$CORACLE" ps -q --filter name=web)"$'\t'"80/tcp -> $tcp"
	cs port -a web; fails 125 "no arguments are needed with --all"
	cs port; fails 125 "you must supply a running container name or id"
}

@test "port and inspect tell the port that the last start was given" {
	"$CORACLE" run -d --name again -p 127.0.0.1::80 --rootfs "$ROOT" sleep 100 >/dev/null 3>&-
	cs port again 80; ok; first=$output
	"$CORACLE" stop -t 0 again >/dev/null
	# The first port is somebody else's now: the start is given another one.
	python3 -c '
import signal, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("up", flush=True)
signal.pause()' "${first#*:}" >"$BATS_TEST_TMPDIR/up" 3>&- &
	taker=$!
	eventually [ -s "$BATS_TEST_TMPDIR/up" ]
	"$CORACLE" start again >/dev/null 3>&-
	cs port again 80; ok; [ "$output" != "$first" ]; second=$output
	cs inspect again -f '{{json .NetworkSettings.Ports}}'; ok; has "\"HostPort\":\"${second#*:}\""
	[ -n "$(ss -Hltn "sport = :${second#*:}")" ]
	kill "$taker"
}

# PID: how many processes of its pid namespace do not stand still.
moving() { "$CORACLE" top "$1" state | tail -n +2 | grep -vc '[TZD]' || :; }

@test "pause stops every process, also of a program that forks all the time; unpause lets them go on" {
	start busy sh -c 'while :; do (while :; do (true); done) & sleep 100; done'
	start calm sh -c 'trap "" TERM; while :; do echo x >>/tmp/x; sleep 0.05; done'
	cs pause busy calm; ok; says $'busy\ncalm'
	[ "$(moving busy)" = 0 ]
	before=$("$CORACLE" top busy pid time)
	[ "$("$CORACLE" top busy pid time)" = "$before" ]
	cs ps --format '{{.Names}} {{.State}} {{.Status}}'; has "busy paused Paused"
	cs inspect -f '{{.State.Status}} {{.State.Paused}}' busy; says "paused true"
	cs pause busy; fails 125 '"paused" is not running, can'"'"'t pause: container state improper'
	cs rm busy; fails 2 "paused"
	cs stop -t 0 busy; fails 125 "is in state paused"
	cs unpause busy; ok; says busy
	moves() { [ "$(moving busy)" != 0 ]; }
	eventually moves
	cs unpause busy; fails 125 '"running" is not paused, can'"'"'t unpause: container state improper'
	cs unpause -a; ok
	cs ps -q --filter status=paused; says ""
	n=$(wc -l <"$ROOT/tmp/x")
	more() { [ "$(wc -l <"$ROOT/tmp/x")" -gt "$n" ]; }
	eventually more
	cs pause -a; ok
	c rm -f busy calm; ok
	assert_clean
}

@test "pause of what does not run" {
	"$CORACLE" create --name two --network none --rootfs "$ROOT" true >/dev/null
	cs pause two; fails 125 'container two: "created" is not running, can'"'"'t pause: container state improper'
	cs pause nope two; fails 125 'no container with name or ID "nope" found'
	cs pause; fails 125
	cs pause -a; ok; says ""
}

@test "top: podman's columns, descriptors and codes" {
	start one sh -c 'sleep 100; :'
	eventually eval '[ "$("$CORACLE" top one pid | wc -l)" = 3 ]'
	cs top one; ok
	[[ ${lines[0]} =~ ^USER\ +PID\ +PPID\ +%CPU\ +ELAPSED\ +TTY\ +TIME\ +COMMAND$ ]]
	[[ ${lines[1]} =~ ^root\ +1\ +0\ +[0-9.]+\ +[0-9.hm]+s\ +\?\ +[0-9.]+s\ +sh\ -c\ sleep\ 100 ]]
	[[ ${lines[2]} =~ ^root\ +[0-9]+\ +1\  ]]
	cs top one pid,hpid huser comm; ok
	[[ ${lines[1]} =~ ^1\ +$("$CORACLE" inspect -f '{{.State.Pid}}' one)\ + ]]
	cs top one %p %c capeff seccomp; ok
	[[ ${lines[1]} =~ ^1\ +sh\ +CHOWN,.*\ filter$ ]]
	# ps(1)'s own options: that of the container is run.
	cs top one -o pid,args; ok; has "1 sh -c sleep 100"
	cs top one nonsense; fails 125 'unknown descriptor "nonsense"'
	cs top; fails 125 "you must provide the name or id of a running container"
	cs top nope; fails 125 'no container with name or ID "nope" found'
	"$CORACLE" create --name two --network none --rootfs "$ROOT" true >/dev/null
	cs top two; fails 125 "top can only be used on running containers"
	cs top -l; fails 125 "top can only be used on running containers"
}

@test "top names users and groups as the container does" {
	[ "$(grep -c . /proc/self/uid_map)" ] && grep -q "^$(id -un):" /etc/subuid || skip "one id only"
	"$CORACLE" run -d --network none --name one -u alice:boats --rootfs "$ROOT" sleep 100 >/dev/null 3>&-
	cs top one user,group,ruser,rgroup,groups; ok
	[[ ${lines[1]} =~ ^alice\ +boats\ +alice\ +boats ]]
}

@test "container prune removes what does not run, asks first, and filters" {
	start up sleep 100
	for n in a b; do "$CORACLE" create --name $n -l x=$n --network none --rootfs "$ROOT" true >/dev/null; done
	id=$("$CORACLE" inspect -f '{{.Id}}' b)
	cs container prune --filter colour=red -f; fails 125 colour
	cs container prune </dev/null; ok; says ""; [[ $stderr = *"all non running containers"* ]]
	cs container prune -f --filter until=24h; ok; says ""
	cs container prune -f --filter until=never; fails 125 until
	cs container prune -f --filter label=x=b --filter until="$(($(date +%s) + 10))"; ok; says "$id"
	cs container prune <<<y; ok; [ "${#lines[@]}" = 1 ]
	cs ps -a --format '{{.Names}}'; says up
}

@test "stats: a report of what runs, one of all, templates and JSON, again and again" {
	start busy sh -c 'while :; do :; done'
	start calm sleep 100
	"$CORACLE" create --name made --network none --rootfs "$ROOT" true >/dev/null
	cs stats --no-stream; ok
	[[ ${lines[0]} =~ ^ID\ +NAME\ +CPU\ %\ +MEM\ USAGE\ /\ LIMIT\ +MEM\ %\ +NET\ IO\ +BLOCK\ IO\ +PIDS\ +CPU\ TIME\ +AVG\ CPU\ %$ ]]
	has busy; has calm; lacks made
	used() { [ "$("$CORACLE" stats --no-stream --format '{{.CPUPerc}}' busy)" != 0.00% ]; }
	eventually used
	cs stats --no-stream --format '{{.Name}} {{.PIDS}}' calm; ok; says "calm 1"
	cs stats --no-stream --format json calm; ok
	[ "$(jq -r '.[0].name + " " + .[0].pids' <<<"$output")" = "calm 1" ]
	[[ $(jq -r '.[0].mem_usage' <<<"$output") =~ ^[0-9.]+[kM]B\ /\ [0-9.]+GB$ ]]
	cs stats --no-stream -a --format '{{.Name}} {{.MemUsage}} {{.PIDS}}'; has "made -- / -- --"
	cs stats --no-stream nope; fails 125 'no container with name or ID "nope" found'
	cs stats --no-stream -a calm; fails 125 "cannot be used together"
	cs stats -i 0; fails 125 "--interval"
	run timeout 10 bash -c '"$CORACLE" stats -i 1 --format "{{.Name}}" calm | head -2'
	says $'calm\ncalm'
}

@test "system prune removes what is not used, under headings, and says how much that was" {
	start up sleep 100
	"$CORACLE" run --name gone --network none --rootfs "$ROOT" sh -c 'echo x >/tmp/y'
	id=$("$CORACLE" inspect -f '{{.Id}}' gone)
	"$CORACLE" volume create spare >/dev/null
	dd if=/dev/zero of="$("$CORACLE" volume inspect -f '{{.Mountpoint}}' spare)/big" bs=1M count=3 2>/dev/null
	cs system prune </dev/null; ok; says ""
	[[ $stderr = *"all stopped containers, all dangling images"* ]]
	cs system prune -f --filter colour=red; fails 125 colour
	cs system prune -f; ok
	[ "${lines[0]}" = "Deleted Containers" ] && [ "${lines[1]}" = "$id" ]
	[[ ${lines[2]} =~ ^Total\ reclaimed\ space:\ [0-9.]+\ k?B$ ]]
	c volume exists spare; ok
	cs system prune -a -f --volumes; ok
	[ "${lines[0]}" = "Deleted Volumes" ] && [ "${lines[1]}" = spare ]
	[[ ${lines[2]} =~ ^Total\ reclaimed\ space:\ 3\.[0-9]+\ MB$ ]]
	cs ps -a --format '{{.Names}}'; says up
}

@test "ps --watch: again and again, until nobody reads" {
	c create --name seen --network none host true; ok
	output=$("$CORACLE" ps -a --watch 1 --format '{{.Names}}' 3>&- | head -n 2)
	says $'seen\nseen'
	c ps --watch -1; fails 125 "--watch"
}
