# Health checks: from options and from the image, by time and by hand, what failure does, what is shown.
load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

field() { "$CORACLE" container inspect -f "$1" box; }
is() { [ "$(field "$1")" = "$2" ]; }

@test "health: starting, healthy, unhealthy, and healthy again" {
	c run -d --network none --name box --health-cmd 'cat /tmp/fine' --health-interval 100ms --health-retries 2 host \
		sh -c 'echo yes >/tmp/fine; sleep 1000'; ok
	eventually is '{{.State.Health.Status}}' healthy
	c ps --format '{{.Status}}'; has "(healthy)"
	c ps -q --filter health=healthy; [ -n "$output" ]
	c ps -q --filter health=unhealthy; says ""
	c exec box mv /tmp/fine /tmp/gone; ok
	eventually is '{{.State.Health.Status}}' unhealthy
	[ "$(field '{{.State.Health.FailingStreak}}')" -ge 2 ]
	has_output() { field '{{(index .State.Health.Log 4).Output}}' | grep -q 'fine: No such file'; }
	eventually has_output
	c exec box mv /tmp/gone /tmp/fine; ok
	eventually is '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' "healthy 0"
	is '{{index .Config.Healthcheck.Test 0}} {{index .Config.Healthcheck.Test 1}}' "CMD-SHELL cat /tmp/fine"
}

@test "health: by hand; words of a JSON array; a container without one" {
	c run -d --network none --name box --health-cmd '["test", "-e", "/tmp/fine"]' --health-interval disable host sleep 1000; ok
	is '{{.State.Health.Status}}' starting
	c healthcheck run box; fails 1 unhealthy
	is '{{.State.Health.FailingStreak}} {{.State.Health.Status}}' "1 starting"
	c healthcheck run --ignore-result box; ok
	c exec box touch /tmp/fine; ok
	c healthcheck run box; ok; says ""
	is '{{.State.Health.Status}}' healthy
	c stop -t 0 box; ok
	c healthcheck run box; fails 125 "not running"
	c run -d --network none --name plain host sleep 1000; ok
	c healthcheck run plain; fails 125 "no defined healthcheck"
	c container inspect -f '{{.State.Health.Status}}' plain; says ""
	c ps --filter name=plain --format '{{.Status}}'; lacks "("
}

@test "health: a check that takes too long has failed; failures of the start period do not count" {
	c run -d --network none --name box --health-cmd 'exec sleep 1000' --health-interval disable --health-timeout 1s \
		--health-retries 1 host sleep 1000; ok
	c healthcheck run box; fails 1 unhealthy
	is '{{.State.Health.Status}} {{(index .State.Health.Log 0).ExitCode}}' "unhealthy -1"
	c exec box pgrep -r S -f '^sleep 1000'; says 1
	c rm -f -t 0 box; ok
	c run -d --network none --name box --health-cmd false --health-interval 50ms --health-start-period 1h --health-retries 1 \
		host sleep 1000; ok
	several() { [ "$(field '{{len .State.Health.Log}}')" = 5 ]; }
	eventually several
	is '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' "starting 0"
}

@test "health: what failure does: kill, stop, restart" {
	for action in kill stop; do
		c run -d --network none --name box --stop-timeout 1 --health-cmd false --health-interval 50ms --health-retries 1 \
			--health-on-failure $action --restart no host sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'; ok
		c wait box
		[ $action = kill ] && says 137 || says 9
		c rm box; ok
	done
	c run -d --network none --name box --health-cmd false --health-interval 50ms --health-retries 1 \
		--health-on-failure restart host sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'; ok
	twice() { [ "$(field '{{.RestartCount}}')" -ge 2 ]; }
	eventually twice
	c stop box; ok
	is '{{.State.Status}}' exited
}

@test "health: a startup check comes first" {
	c run -d --network none --name box --health-cmd 'echo regular' --health-interval 50ms --health-startup-cmd 'echo startup; test -e /tmp/up' \
		--health-startup-interval 50ms --health-startup-success 2 host sleep 1000; ok
	several() { [ "$(field '{{len .State.Health.Log}}')" = 5 ]; }
	eventually several
	is '{{.State.Health.Status}} {{(index .State.Health.Log 4).Output}}' 'starting startup'
	is '{{index .Config.StartupHealthCheck.Test 1}} {{.Config.StartupHealthCheck.Successes}}' 'echo startup; test -e /tmp/up 2'
	c exec box touch /tmp/up; ok
	c wait --condition healthy box; ok; says -1
	regular() { is '{{(index .State.Health.Log 4).Output}}' regular; }
	eventually regular
	c rm -f -t 0 box; ok
	# By hand, and too often in vain.
	c run -d --network none --name box --health-cmd true --health-interval disable --health-startup-cmd 'test -e /tmp/up' \
		--health-startup-interval disable --health-startup-retries 2 host sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'; ok
	c healthcheck run box; fails 1 unhealthy
	is '{{.State.Health.Status}} {{.RestartCount}}' "starting 0"
	c healthcheck run box; fails 1 unhealthy
	again() { is '{{.State.Status}} {{.RestartCount}}' "running 1"; }
	eventually again
	c exec box touch /tmp/up; ok
	c healthcheck run box; ok
	is '{{.State.Health.Status}}' starting
	c healthcheck run box; ok
	is '{{.State.Health.Status}}' healthy
}

@test "health: wait for it, several conditions, and the end of the keeper" {
	c run -d --network none --name box --health-cmd 'test -e /tmp/fine' --health-interval disable --health-retries 1 host sleep 1000; ok
	c wait --condition starting box; ok; says -1
	"$CORACLE" wait --condition healthy,unhealthy box >"$BATS_TEST_TMPDIR/out" 3>&- & first=$!
	"$CORACLE" wait --condition healthy --condition exited box >"$BATS_TEST_TMPDIR/out2" 3>&- & second=$!
	c healthcheck run box; fails 1 unhealthy
	wait $first; [ "$(cat "$BATS_TEST_TMPDIR/out")" = -1 ]
	kill -0 $second
	kill -KILL "$(field '{{.State.ConmonPid}}')"
	wait $second; [ "$(cat "$BATS_TEST_TMPDIR/out2")" = 137 ]
	c run -d --network none --name plain host sleep 1000; ok
	c wait --condition healthy plain; fails 125 "no defined healthcheck"
	c wait --condition healthy,running plain; ok; says -1
	c wait --condition fine plain; fails 125 condition
}

@test "health: wrong options are refused" {
	c run --health-cmd true --health-interval soon host true; fails 125 health-interval
	c run --health-cmd true --health-timeout 10ms host true; fails 125 health-timeout
	c run --health-cmd true --health-retries 0 host true; fails 125 health-retries
	c run --health-on-failure kill host true; fails 125 "no health check"
	c run --health-cmd true --no-healthcheck host true; fails 125 health-cmd
	c run --rm --health-cmd true --health-on-failure restart host true; fails 125 exclude
	c run --health-startup-cmd true host true; fails 125 "no health check"
	c run --health-cmd true --health-startup-retries 2 host true; fails 125 health-startup-cmd
	c run --rm --health-cmd true --health-startup-cmd true --health-startup-retries 2 host true; fails 125 exclude
	c run --health-cmd true --health-startup-cmd true --health-startup-timeout 10ms host true; fails 125 health-startup-timeout
}
