# images.bats - images ls, tag, untag, rmi, inspect, history.
load helper

setup() { fresh_store; "$CORACLE" pull -q "$BUSYBOX" >"$BATS_TEST_TMPDIR/id"; ID=$(cat "$BATS_TEST_TMPDIR/id"); }

@test "an image is listed, named, found and removed" {
	c images --format '{{.Repository}}:{{.Tag}}'; says "$BUSYBOX:latest"
	c images -q --no-trunc; says "sha256:$ID"
	c tag busybox mine:1; ok
	c image exists "${ID:0:5}"; ok
	c image inspect mine:1 --format '{{.Id}}'; says "$ID"
	c image inspect mine:1 --format '{{.Os}} {{.RootFS.Type}} {{index .Labels "org.example.test"}}'; says "linux layers yes"
	c images --filter reference=mine -q --no-trunc; says "sha256:$ID"
	c images --filter label=org.example.test=no -q; says ""
	c history mine:1 -q --no-trunc; ok; has "$ID"
	c rmi "$ID"; fails 125 "more than one tag"
	c rmi mine:1; ok; says "Untagged: localhost/mine:1"
	c rmi busybox; ok; has "Untagged: $BUSYBOX:latest"; has "Deleted: $ID"
	c images -q; says ""
	[ -z "$(ls "$CORACLE_ROOT/layers" "$CORACLE_ROOT/images/blobs/sha256" | grep -v :)" ]
	assert_clean
}

@test "an image that lost its last name stays, without a name" {
	c untag busybox; ok
	c images --format '{{.Repository}} {{.Tag}}'; says "<none> <none>"
	c images -q --no-trunc --filter dangling=true; says "sha256:$ID"
	c rmi "${ID:0:12}"; ok; says "Deleted: $ID"
}

@test "an image that a container mounts is in use" {
	"$CORACLE" pull -q "$LAYERS" >/dev/null
	"$CORACLE" create --name mounts --mount "type=image,src=$LAYERS,dst=/i" busybox ls /i/data
	c rmi "$LAYERS"
	fails 2 "in use by a container"
	c start -a mounts
	ok
	has three || has keep
	c rmi -f "$LAYERS"
	ok
	c container exists mounts
	fails 1
	"$CORACLE" pull -q "$LAYERS" >/dev/null
}
