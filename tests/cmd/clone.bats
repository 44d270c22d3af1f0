# container clone: containers like others.
load helper

setup() { fresh_store; "$CORACLE" pull -q "$BUSYBOX" >/dev/null; }
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{store,run}; }

@test "clone: what it was asked for, with a name, an ID and volumes of its own" {
	c create --name one --network none -e A=b -l who=me -v named:/n -v /anon --tmpfs /t -u 5 --systemd=always \
		"$BUSYBOX" sh -c 'echo "$A $(id -u) $(hostname) $HOSTNAME $container_uuid"; ls /anon'
	ok; local one=$output
	c container clone one; ok; local two=$output
	[ "$one" != "$two" ]
	c inspect -f '{{.Name}} {{.Config.Labels.who}} {{.State.Status}}' "$two"; says "one-clone me created"
	c start -a one-clone; says "b 5 ${two:0:12} ${two:0:12} ${two:0:32}"
	same() { "$CORACLE" inspect "$1" | jq -S '.[0] | .Config.Cmd, .Config.Env - [.Config.Env[] | select(test("HOSTNAME|uuid"))], .HostConfig.Tmpfs, [.Mounts[] | .Destination]'; }
	[ "$(same one)" = "$(same two)" ] || [ "$(same one)" = "$(same one-clone)" ]
	[ "$("$CORACLE" inspect one | jq -r '.[0].Mounts[] | select(.Destination == "/n").Name')" = named ]
	anon() { "$CORACLE" inspect "$1" | jq -r '.[0].Mounts[] | select(.Destination == "/anon").Name'; }
	[ "$(anon one)" != "$(anon one-clone)" ]
	c volume exists "$(anon one-clone)"; ok
	# Each goes with its own container.
	local mine
	mine=$(anon one)
	c rm -v one-clone; ok
	c volume exists "$mine"; ok
	c volume ls -q; [ "${#lines[@]}" = 2 ]
	c rm -v one; ok
	c volume ls -q; says named
}

@test "clone: names, another image, --run and --destroy" {
	c create --name one -p 127.0.0.1::80 "$BUSYBOX" sleep 100; ok
	c container clone one; ok
	c container clone one; ok
	c container clone one mine; ok
	c container clone --name mine one; fails 125 "mine"
	c container clone --name a one b; fails 125 "exclude each other"
	c container clone nobody; fails 125 "nobody"
	c container clone one x no-such-image; fails 125 "no-such-image"
	c container exists x; fails 1
	c ps -a --format '{{.Names}}' --sort names; says $'mine\none\none-clone\none-clone1'
	c tag "$BUSYBOX" other; ok
	c container clone one y other; ok
	c commit -q one other2; ok
	c container clone one z other2; ok
	c inspect -f '{{.ImageName}}' z; says localhost/other2:latest
	c container clone --run one runs; ok
	c inspect -f '{{.State.Status}}' runs; says running
	c container clone --destroy runs next; fails 125 "--force"
	c container clone --destroy --force --run runs next; ok
	c container exists runs; fails 1
	c inspect -f '{{.State.Status}}' next; says running
	c container clone --memory 1 --memory-reservation 2m next; fails 125 "minimum memory limit"
	c container exists next-clone; fails 1
	c create --name auto --userns auto --network none "$BUSYBOX" true
	[ "$status" != 0 ] || { c container clone auto; fails 125 "--userns auto"; }
	c rm -f -a -t 0; ok
	assert_clean
}
