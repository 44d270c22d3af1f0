# restart, and restart policies: counts, back-off, stop while it waits, names that stay in use.
load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

field() { "$CORACLE" container inspect -f "$2" "$1"; }
is() { [ "$(field box "$1")" = "$2" ]; }

@test "restart: running and stopped ones, with a new process" {
	c run -d --network none --name box -v "$BATS_TEST_TMPDIR:/out" host sh -c 'echo start >>/out/starts; sleep 1000'; ok
	eventually test -s "$BATS_TEST_TMPDIR/starts"
	pid=$(field box '{{.State.Pid}}')
	c restart -t 0 box; ok; says box
	[ "$(field box '{{.State.Pid}}')" != "$pid" ]
	c stop -t 0 box; ok
	c restart box; ok
	is '{{.State.Status}} {{.RestartCount}}' "running 0"
	c restart -t 0 --running; ok; says "${output}"
	twice() { [ "$(wc -l <"$BATS_TEST_TMPDIR/starts")" = 4 ]; }
	eventually twice
	c restart nobody; fails 125 "no such container"
	c run -d --rm --network none --name gone host sleep 1000; ok
	c restart gone; fails 125 "--rm"
}

@test "restart policy: on-failure counts, and ends when there is no failure or no more tries" {
	c run -d --network none --name box --restart on-failure:2 host sh -c 'echo again; exit 3'; ok
	eventually is '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' "exited 2 3"
	is '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}' on-failure:2
	c logs box; says $'again\nagain\nagain'
	c ps -a -q --filter restart-policy=on-failure; [ -n "$output" ]
	c start box; ok
	eventually is '{{.State.Status}} {{.RestartCount}}' "exited 2"
	c run -d --network none --name fine --restart on-failure host true; ok
	c wait fine; says 0
	c container inspect -f '{{.State.Status}} {{.RestartCount}}' fine; says "exited 0"
	c run --restart sometimes host true; fails 125 restart
	c run --restart always:3 host true; fails 125 on-failure
	c run --rm --restart always host true; fails 125 exclude
}

@test "restart policy: always goes on until it is stopped, also while it waits" {
	c run -d --network none --name box --restart always host sh -c 'exit 0'; ok
	some() { [ "$(field box '{{.RestartCount}}')" -ge 3 ]; }
	eventually some
	# The wait is 0.8 s and more by now.
	eventually is '{{.State.Status}}' restarting
	c ps --format '{{.Status}}'; has "Restarting (0)"
	c rm box; fails 2
	c stop box; ok
	is '{{.State.Status}}' exited
	c ps -q; says ""
	c rm box; ok
	assert_clean
}

@test "restart policy: a killed program comes back, a killed keeper does not, kill and stop end it" {
	c run -d --network none --name box --restart always host sleep 1000; ok
	pid=$(field box '{{.State.Pid}}')
	kill -9 "$pid"
	back() { is '{{.State.Status}} {{.RestartCount}}' "running 1" && [ "$(field box '{{.State.Pid}}')" != "$pid" ]; }
	eventually back
	c exec box true; ok
	c kill box; ok
	eventually is '{{.State.Status}} {{.State.ExitCode}}' "exited 137"
	c start box; ok
	kill -9 "$(field box '{{.State.ConmonPid}}')"
	eventually is '{{.State.Status}} {{.State.ExitCode}}' "exited 137"
	c run --network none --name front --restart always host sh -c 'exit 5'; fails 5
	c stop -t 0 front; ok
}

@test "restart policy: with a network, ports and limits of its own each time" {
	port=$((20000 + RANDOM % 10000))
	c run -d --name box --restart always -p "127.0.0.1:$port:80" host python3 -c '
import socket
s = socket.create_server(("", 80)); c = s.accept()[0]; c.sendall(b"hello"); c.close()'; ok
	for i in 1 2 3; do
		hello() { exec 8<>"/dev/tcp/127.0.0.1/$port" && read -r -t 5 -N 5 word <&8 && [ "$word" = hello ]; }
		eventually hello 2>/dev/null
		exec 8>&-
	done
	c stop -t 0 box; ok
}
