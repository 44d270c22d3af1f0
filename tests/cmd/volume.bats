# volume.bats - named volumes: create, ls, inspect, rm, prune, exists.
load helper

setup() { fresh_store; }

@test "a volume is made once, listed, inspected and removed" {
	c volume create --label a=b data; ok; says data
	c volume create data; fails 125 "volume already exists"
	c volume create --ignore data; ok
	c volume ls -q; says data
	c volume ls --filter label=a=b --format '{{.Driver}} {{.Name}}'; says "local data"
	c volume ls -q --filter label=x; says ""
	c volume inspect data --format '{{.Labels.a}} {{.Mountpoint}}'; says "b $CORACLE_ROOT/volumes/data/data"
	c volume exists data; ok
	c volume rm data; ok; says data
	c volume exists data; fails 1
	c volume rm data; fails 1 "no such volume"
	c volume rm -f data; ok
	assert_clean
}

@test "names, drivers and options that cannot be are refused" {
	c volume create ../x; fails 125 "is not valid"
	c volume create -d nfs x; fails 125 "not supported"
	c volume create -o type=tmpfs x; fails 125 "not supported"
	c volume ls --filter colour=red; ok
	c volume create x; ok
	c volume ls --filter colour=red; fails 125 "unsupported filter"
}

@test "prune asks, and removes what nobody uses" {
	c volume create one; ok
	run bash -c 'echo n | "$CORACLE" volume prune'; ok
	c volume exists one; ok
	c volume prune -f; ok; says one
}

@test "an empty store: images, rmi, history, info" {
	c images -q; ok; says ""
	c images --format json; ok; says "[]"
	c rmi nothing; fails 1 "image not known"
	c rmi -i nothing; ok
	c image exists nothing; fails 1
	c image exists host; ok
	c history nothing; fails 125 "image not known"
	c info --format '{{.store.graphRoot}} {{.store.graphRootFrom}}'; says "$CORACLE_ROOT CORACLE_ROOT"
}
