# logs: both formats, exact bytes, several containers, -f and rotation, tails, a full disk.
load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

@test "logs: what was written comes back exactly, both streams apart" {
	c run -d --network none --name box host sh -c 'printf "a\0b\377\n\n"; printf "no end"; echo err >&2'; ok
	c wait box; says 0
	"$CORACLE" logs box >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	printf 'a\0b\377\n\nno end' | cmp - "$BATS_TEST_TMPDIR/out"
	echo err | cmp - "$BATS_TEST_TMPDIR/err"
	c run -d --network none --name big host sh -c 'head -c 3000000 /usr/bin/env /bin/bash; seq 100000'; ok
	c wait big; says 0
	{ head -c 3000000 /usr/bin/env /bin/bash; seq 100000; } | cmp - <("$CORACLE" logs big)
}

@test "logs: json-file, tails, times, names" {
	c run -d --network none --name box --log-driver json-file host sh -c 'printf "q\"\\ \001\nzwei\ndrei\n"; sleep 0.2; echo four'; ok
	c wait box; says 0
	c logs box; ok; says $'q"\\ \001\nzwei\ndrei\nfour'
	c logs --tail 2 box; says $'drei\nfour'
	c logs --tail 0 box; says ""
	c logs --tail 50 box; [ ${#lines[@]} = 4 ]
	c logs -t --tail 1 box; at=${output% four}
	[[ $at =~ ^20..-..-..T..:..:..\.[0-9]{9}Z$ ]]
	c logs --since "$at" box; says four
	c logs --until "$at" --tail 1 box; says four
	c logs --since 1h -n box; [ "${lines[3]}" = "box four" ]
	c logs --since yesterdayish box; fails 125 since
	c run -d --network none --name none --log-driver none host true; ok
	c wait none; ok
	c logs none; fails 125 "keeps no log"
	c logs nobody; fails 125 "no such container"
}

@test "logs: several containers, each line with its own" {
	for n in one two; do c run -d --network none --name $n host echo "from $n"; ok; ids+=("${output:0:12}"); done
	c wait one two; ok
	c logs one two; ok; says "${ids[0]} from one"$'\n'"${ids[1]} from two"
	c logs -n two one; ok; says $'two from two\none from one'
	c logs -n --color one; says $'\033[31mone\033[0m from one'
	NO_COLOR=1 c logs -n --color one; says "one from one"
}

@test "logs -f: goes on through rotations and ends with the container" {
	c run -d -i --network none --name box --log-opt max-size=20k --log-opt max-file=100 host sh -c 'echo begin; read -r x; seq 20000; read -r x'; ok
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$CORACLE" attach box <"$BATS_TEST_TMPDIR/in" >/dev/null 2>&1 3>&- & feeder=$!
	exec 7>"$BATS_TEST_TMPDIR/in"
	"$CORACLE" logs -f box >"$BATS_TEST_TMPDIR/out" 3>&- 7>&- & follower=$!
	eventually grep -q begin "$BATS_TEST_TMPDIR/out"
	echo go >&7
	eventually grep -qx 20000 "$BATS_TEST_TMPDIR/out"
	echo end >&7; exec 7>&-
	wait $follower $feeder
	{ echo begin; seq 20000; } | cmp - "$BATS_TEST_TMPDIR/out"
	c logs -f --tail 1 box; ok; says 20000
}

@test "logs: bounded by max-size and max-file" {
	c run -d --network none --name box --log-opt max-size=50k --log-opt max-file=3 host seq 50000; ok
	c wait box; ok
	dir=$(echo "$CORACLE_ROOT"/containers/*)
	[ "$(ls "$dir" | grep -c '^log')" = 3 ]
	[ "$(cat "$dir"/log* | wc -c)" -lt 400000 ]
	c logs --tail 3 box; says $'49998\n49999\n50000'
	c logs box; [ "${lines[-1]}" = 50000 ]
	# The first may be the rest of a line whose beginning is gone.
	[ "${lines[1]}" = $((50002 - ${#lines[@]})) ]
	c run --log-opt max-file=0 host true; fails 125 max-file
}

@test "logs: a full disk neither blocks nor kills the container" {
	c run -d --network none --name box --log-opt path=/dev/full host sh -c 'seq 100000; exit 4'; ok
	c wait box; says 4
}

@test "logs: journald, where there is a journal" {
	c run --rm --network none --log-driver journald --log-opt max-size=1m host true; fails 125 journald.conf
	if [ ! -S /run/systemd/journal/socket ]; then
		c run --rm --network none --log-driver journald host true; fails 125 "there is no journal"
		c create --network none --log-driver journald host true; fails 125 "there is no journal"
		return
	fi
	c run -d --network none --name box --log-driver journald host echo to the journal; ok
	c wait box; says 0
	c logs box; fails 125 "journalctl CONTAINER_ID_FULL="
}
