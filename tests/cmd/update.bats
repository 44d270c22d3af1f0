# update: the limits of a container.
load helper

setup() {
	fresh_store
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,etc}
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	for a in sh sleep true; do ln -s busybox "$ROOT/bin/$a"; done
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{root,store,run}; }

create() { "$CORACLE" create --network none --name "$@" --rootfs "$ROOT" true >/dev/null 2>&1; }
limits() { "$CORACLE" inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuShares}} {{.HostConfig.CpusetCpus}}' "$1"; }

@test "update: what a container that does not run may use from its next start on" {
	create plain
	# Whether limits can be had is the machine's; the answer is that of create.
	if create all -m 64m --cpus 1.5 -c 500 --cpuset-cpus 0 --pids-limit 10; then
		create asked -m 64m --cpus 1.5 -c 500
		cs update -m 64m --cpus 1.5 -c 500 plain; ok
		says "$("$CORACLE" inspect -f '{{.Id}}' plain)"
		[ "$(limits plain)" = "$(limits asked)" ] || no "$(limits plain) is not $(limits asked)"
		[ "$(limits plain)" = "67108864 134217728 150000 500 " ] || no "$(limits plain)"
		cs update --memory-swap 70m plain; ok
		[ "$(limits plain)" = "67108864 73400320 150000 500 " ] || no "$(limits plain)"
		cs update --cpuset-cpus 0 plain; ok
		[ "$(limits plain)" = "67108864 73400320 150000 500 0" ] || no "$(limits plain)"
		cs update --pids-limit 10 plain; ok
		cs inspect -f '{{.HostConfig.PidsLimit}}' plain; says 10
		cs update --pids-limit -1 plain; ok
		cs inspect -f '{{.HostConfig.PidsLimit}}' plain; says -1
		cs container update plain; ok
		[ "$(limits plain)" = "67108864 73400320 150000 500 0" ] || no "$(limits plain)"
		c events --stream=false --filter event=update --filter container=plain; [ "${#lines[@]}" = 6 ]
	elif ! create asked -m 64m; then
		cs update -m 64m plain; fails 125
		[ "$(limits plain)" = "0 0 0 0 " ] || no "$(limits plain)"
	fi
	# It is still the container that it was.
	create other
	[ "$("$CORACLE" inspect plain | jq -S '.[0] | .Config.Cmd, .Mounts, .BoundingCaps')" = "$("$CORACLE" inspect other | jq -S '.[0] | .Config.Cmd, .Mounts, .BoundingCaps')" ]
}

@test "update: what is refused, and then nothing has changed" {
	"$CORACLE" run -d --network none --name runs --rootfs "$ROOT" sleep 100 >/dev/null 3>&-
	cs update -m 64m runs; fails 125 'runs without a control group of its own'
	[ "$(limits runs)" = "0 0 0 0 " ] || no "$(limits runs)"
	cs update -m 64m nope; fails 125 'no container with name or ID "nope" found'
	create plain
	cs update --memory-swap 1g plain; fails 125 '--memory-swap needs --memory'
	cs update -m 0 plain; fails 125 '--memory 0: a limit cannot be taken away'
	cs update -c 0 plain; fails 125 '--cpu-shares 0'
	cs update --cpus 0 plain; fails 125 '--cpus 0'
	cs update --blkio-weight 9 plain; fails 125 'from 10 to 1000'
	[ "$(limits plain)" = "0 0 0 0 " ] || no "$(limits plain)"
}
