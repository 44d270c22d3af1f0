# rootfs.bats - where a root file system comes from: drivers, --rootfs, the image host.

load helper

setup() {
	fresh_store
	dir=$BATS_TEST_TMPDIR/root
	mkdir -p "$dir"/{bin,etc,tmp}
	cp "$(command -v busybox)" "$dir/bin/busybox"
	for a in sh id touch cat ls; do ln -s busybox "$dir/bin/$a"; done
}

teardown() {
	remove_tree "$CORACLE_ROOT" "$dir"
}

# DRIVER: what every driver must show of an image of several layers.
layers_are_right() {
	c --storage-driver "$1" pull -q "$LAYERS"
	ok
	c --storage-driver "$1" run --rm --network none -u 0 --entrypoint sh "$LAYERS" -c '
		[ ! -e /data/gone ] && [ ! -e /opaque/hidden ] && cat /opaque/shown /data/changed /data/keep/three
		[ /data/one -ef /data/keep/link ] && touch /made && rm /data/one && [ ! -e /data/one ] && echo ok'
	ok
	says $'shown\nnew\nthree\nok'
	c --storage-driver "$1" info --format '{{.store.graphDriverName}}'
	says "$1"
	assert_clean
}

@test "overlay: whiteouts, opaque directories, hard links" { layers_are_right overlay; }
@test "fuse: whiteouts, opaque directories, hard links" { layers_are_right fuse; }
@test "vfs: whiteouts, opaque directories, hard links" { layers_are_right vfs; }

@test "one store serves all drivers by turns" {
	c pull -q "$LAYERS"
	for d in vfs overlay fuse vfs; do
		c --storage-driver "$d" run --rm --network none "$LAYERS"
		ok
		says "hello world"
	done
}

@test "a container made with one driver is removed with the other" {
	c pull -q "$BUSYBOX"
	c --storage-driver vfs run --network none --name a "$BUSYBOX" touch /x
	ok
	c --storage-driver overlay rm a
	ok
	assert_clean
}

@test "overlay: a start writes nothing into the container's layer, and --no-hosts shows no file" {
	c --storage-driver overlay run --network none --name a "$BUSYBOX" sh -c 'cat /etc/hosts && ls /run/.containerenv && ls -ld /etc'
	ok
	[[ "$output" = *localhost*/run/.containerenv*drwxr-xr-x*root* ]] || no "hosts, .containerenv, root's /etc"
	id=$("$CORACLE" container inspect -f '{{.Id}}' a)
	[ -z "$(find "$CORACLE_ROOT/containers/$id/upper" -mindepth 1)" ]
	c --storage-driver overlay run --rm --network none --no-hosts "$BUSYBOX" test ! -e /etc/hosts
	ok
	c rm a
	ok
	assert_clean
}

@test "fuse: an upper directory written by one driver is continued by the other" {
	c pull -q "$LAYERS"
	c --storage-driver fuse run --network none --name a -u 0 --entrypoint sh "$LAYERS" -c '
		[ -e /again ] && cat /opaque/* /data/keep/three /new/*
		rm -rf /opaque /data/keep; mkdir -p /opaque /new; echo up >/opaque/up; touch /again; mv /data /moved; echo n >>/new/n'
	for d in overlay fuse overlay; do
		c --storage-driver "$d" start -a a
		[ "$d" != overlay ] || c --storage-driver "$d" run --rm --network none "$LAYERS"
		ok
	done
	c rm a
	ok
	assert_clean
}

@test "fuse: ids of the container's own choice, without a copy" {
	c pull -q "$BUSYBOX"
	for ids in keep-id auto:size=2000 keep-id:uid=7,gid=7; do
		c run --rm --network none --userns "$ids" -u 0 "$BUSYBOX" sh -c '
			stat -c %u:%g /etc /bin; touch /made && stat -c %u /made; chown 5:6 /made && stat -c %u:%g /made; rm /bin/cat'
		ok
		says $'0:0\n0:0\n0\n5:6'
	done
	assert_clean
}

@test "fuse: a killed server ends the container, and leaves what it wrote" {
	c pull -q "$LAYERS"
	c --storage-driver fuse run -d --network none --name a -u 0 --entrypoint sh "$LAYERS" -c 'echo kept >/kept; sync; touch /ready; sleep 1000'
	ok
	eventually test -e "$CORACLE_ROOT/containers/$output/upper/ready"
	kill -9 $(pgrep -P "$("$CORACLE" inspect -f '{{.State.ConmonPid}}' a)" coracle-overlay)
	c wait a
	says 137
	[ "$(cat "$CORACLE_ROOT/containers/"*/upper/kept)" = kept ]
	c rm a
	ok
	assert_clean
}

@test "--rootfs: a directory, a link to it, a read-only one" {
	ln -s root "$BATS_TEST_TMPDIR/link"
	c run --rm --network none --rootfs "$BATS_TEST_TMPDIR/link" sh -c 'touch /made; id -u'
	ok
	says 0
	[ -e "$dir/made" ]
	c run --rm --network none --read-only --rootfs "$dir" sh -c 'touch /tmp/y && ! touch /x 2>/dev/null'
	ok
	c run --rm --network none --read-only --read-only-tmpfs=false --rootfs "$dir" sh -c '! touch /tmp/y /run/y /x 2>/dev/null'
	ok
	c run --rm --network none --userns=keep-id --rootfs "$dir" id -u
	ok
	says "$(id -u)"
}

@test "--rootfs with :O keeps the directory as it is" {
	c run --rm --network none --rootfs "$dir:O" sh -c 'touch /made /bin/made; cat /made'
	ok
	[ ! -e "$dir/made" ] && [ ! -e "$dir/bin/made" ]
	assert_clean
}

@test "--rootfs that cannot be used is named" {
	c run --rm --network none --rootfs "$BATS_TEST_TMPDIR/none" true
	fails 125 none
	c run --rm --network none --rootfs /etc true
	fails 125 "may not write"
	c run --rm --network none --rootfs /:O true
	fails 125 'image "host"'
	assert_clean
}

@test "host: programs work, writes are thrown away" {
	c run --rm --network none host bash -c 'python3 -c "print(6 * 7)"; touch /made && ls /made'
	ok
	says $'42\n/made'
	[ ! -e /made ]
	c run --rm --network none host sh -c 'echo "int main(void) { return 7; }" >/tmp/a.c && gcc -o /tmp/a /tmp/a.c && /tmp/a'
	[ "$status" -eq 7 ] || no "not 7"
	assert_clean
}

@test "host: read-only, and with a directory of the user's" {
	c run --rm --network none --read-only host sh -c 'touch /tmp/y /var/tmp/y && ! touch /x 2>/dev/null'
	ok
	c run --rm --network none -v "$BATS_TEST_TMPDIR:/x" -w /x host sh -c 'pwd; touch made'
	ok
	says /x
	[ -O "$BATS_TEST_TMPDIR/made" ]
}
