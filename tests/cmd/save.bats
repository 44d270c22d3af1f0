# save.bats - images as archives: save, load, and what other tools write and read.
load helper

setup() { fresh_store; cd "$BATS_TEST_TMPDIR" || return 1; }
teardown() { remove_tree "$CORACLE_ROOT" other; }

pulled() { "$CORACLE" pull -q "$LAYERS"; }
other() { CORACLE_ROOT=$BATS_TEST_TMPDIR/other "$CORACLE" "$@"; }
sk() { skopeo --insecure-policy "$@"; }

# STORE COMMAND: the image of layers is the one that was pulled, and works.
works() {
	[ "$("$@" run --rm --entrypoint cat "$LAYERS" changed keep/link keep/three)" = $'new\none\nthree' ]
	[ -z "$("$@" run --rm --entrypoint find "$LAYERS" gone /opaque/hidden 2>/dev/null)" ]
}

@test "every format through a pipe or a directory keeps the image ID, the name and the layers" {
	local id f
	id=$(pulled)
	for f in docker-archive oci-archive; do
		"$CORACLE" save -q --format "$f" "$LAYERS" | other load -q >loaded
		[ "$(cat loaded)" = "Loaded image: $LAYERS:latest" ] || no "$(cat loaded)"
		[ "$(other images -q --no-trunc)" = "sha256:$id" ]
		works other
		other rmi -a >/dev/null 2>&1 || other rmi "$id" >/dev/null
	done
	for f in oci-dir docker-dir; do
		"$CORACLE" save -q --format "$f" -o "$f" "$LAYERS"
		other load -q -i "$f"
		[ "$(other images -q --no-trunc)" = "sha256:$id" ]
		other rmi "$id" >/dev/null
	done
	assert_clean
	assert_clean "$BATS_TEST_TMPDIR/other"
}

@test "the layers of an archive are the very tars, and two archives of an image are the same bytes" {
	local t
	pulled
	"$CORACLE" save -q -o a.tar "$LAYERS"
	"$CORACLE" save -q "$LAYERS" >b.tar
	cmp a.tar b.tar
	mkdir a && tar -xf a.tar -C a
	for t in $("$CORACLE" image inspect "$LAYERS" --format '{{join .RootFS.Layers " "}}'); do
		[ "$(sha256sum <"a/${t#sha256:}.tar" | cut -d' ' -f1)" = "${t#sha256:}" ]
	done
}

@test "skopeo and umoci read what is written" {
	local id
	id=$(pulled)
	"$CORACLE" save -q -o d.tar "$LAYERS"
	"$CORACLE" save -q --format oci-archive -o o.tar "$LAYERS"
	"$CORACLE" save -q --format oci-dir -o dir "$LAYERS" named:1
	"$CORACLE" save -q --format docker-dir -o ddir "$LAYERS"
	[ "$(sk inspect --config docker-archive:d.tar | sha256sum | cut -d' ' -f1)" != "" ]
	sk copy -q docker-archive:d.tar oci:from-docker:x
	sk copy -q oci-archive:o.tar oci:from-oci:x
	sk copy -q dir:ddir oci:from-dir:x
	sk copy -q oci:dir:localhost/named:1 docker-archive:again.tar:a:b
	"$CORACLE" save -q --compress --format docker-dir -o zdir "$LAYERS"
	[ "$(file -b --mime-type "zdir/$(jq -r '.layers[0].digest[7:]' zdir/manifest.json)")" = application/gzip ]
	sk copy -q dir:zdir oci:from-zdir:x
	c save --compress -o x.tar "$LAYERS"; fails 125 "docker-dir"
	for d in from-docker from-oci from-dir from-zdir; do
		unshare --map-root-user --map-auto umoci raw unpack --image "$d:x" "$d.root"
		[ "$(cat "$d.root/data/changed")" = new ]
		remove_tree "$d.root"
	done
	other load -q -i again.tar; other image exists docker.io/library/a:b
}

@test "what skopeo writes is read: docker-archive, OCI archive and directory, dir:, compressed" {
	local from=oci:$SUITE/images:layers
	sk copy -q "$from" docker-archive:d.tar:some.where/x/y:z
	sk copy -q "$from" oci-archive:o.tar:tag
	sk copy -q "$from" dir:ddir
	c load -q -i d.tar; says "Loaded image: some.where/x/y:z"
	[ "$("$CORACLE" run --rm --entrypoint cat some.where/x/y:z changed)" = new ]
	c load -q -i o.tar; says "Loaded image: localhost/tag:latest"
	c load -i ddir; ok; has "Loaded image: sha256:"; has "skipped: already exists"
	c load -q -i "$SUITE/images"; ok; has "localhost/busybox:latest"; has "localhost/layers:latest"
	c rmi -f some.where/x/y:z localhost/tag localhost/busybox localhost/layers; ok
	gzip -c d.tar | other load -q
	[ "$(zstd -qc d.tar | other load -q)" = "Loaded image: some.where/x/y:z" ]
	assert_clean
}

@test "several images in one archive" {
	pulled
	"$CORACLE" pull -q "$BUSYBOX"
	"$CORACLE" save -q -m "$LAYERS" "$BUSYBOX" | other load -q >loaded
	[ "$(sort loaded)" = "$(printf 'Loaded image: %s:latest\n' "$BUSYBOX" "$LAYERS")" ]
	"$CORACLE" save -q "$BUSYBOX" second:2 third | other load -q >loaded
	[ "$(wc -l <loaded)" = 3 ]
	other image exists localhost/second:2
	# By its ID it has no name.
	"$CORACLE" save -q "$("$CORACLE" images -q "$BUSYBOX")" | other load -q >loaded
	[[ $(cat loaded) == "Loaded image: sha256:"* ]]
}

@test "damage and bad use are told, and nothing is left" {
	pulled
	c save nothere; fails 125 "nothere"
	c save --format oci-dir "$LAYERS"; fails 125 "--output"
	c save -m --format oci-archive "$LAYERS"; fails 125 "docker-archive only"
	c save -o /nowhere/x "$LAYERS"; fails 125 "/nowhere/x"
	output=$(script -qec "$CORACLE save $LAYERS" /dev/null </dev/null) || :
	has "refusing to save to terminal"
	output=$(script -qec "$CORACLE load" /dev/null </dev/null) || :
	has "cannot read from terminal"
	"$CORACLE" save -q -o a.tar "$LAYERS"
	"$CORACLE" save -q "$LAYERS" | head -c 1000 >cut.tar || :
	export CORACLE_ROOT=$BATS_TEST_TMPDIR/other
	c load -i cut.tar; fails 125 "cut.tar"
	c load -i nothere.tar; fails 125 "nothere.tar"
	head -c 100000 /dev/urandom >junk
	c load -i junk; fails 125 "not an image archive"
	tar -cf empty.tar -T /dev/null
	c load -i empty.tar; fails 125 "neither a docker archive nor an OCI layout"
	tar -cf long.tar --transform="s,.*,$(printf 'x/%.0s' {1..2500})y," junk
	c load -i long.tar; fails 125 "a member with a bad name"
	# One byte of a layer.
	cp a.tar bad.tar
	printf X | dd of=bad.tar bs=1 seek=$(grep -abo 'root:x:0:0' a.tar | head -1 | cut -d: -f1) conv=notrunc status=none
	c load -i bad.tar; fails 125 "DiffID mismatch"
	c images -q; says ""
	assert_clean
}

@test "a reader that is gone ends save, export, cp and volume export as it ends cat: by SIGPIPE, in silence" {
	local one
	pulled
	"$CORACLE" create --name one -v vol:/vol "$LAYERS" >/dev/null
	head -c 1000000 /dev/urandom >big
	tar -c big | "$CORACLE" volume import vol -
	for one in "save -q $LAYERS" "save -q --format oci-archive $LAYERS" "export one" "cp one:/bin -" "volume export vol"; do
		# shellcheck disable=SC2086
		{ "$CORACLE" $one 2>said && echo 0 >status || echo $? >status; } | head -c 1000 >/dev/null
		[ "$(cat status)" = 141 ] || no "$one: status $(cat status)"
		[ ! -s said ] || no "$one: $(cat said)"
	done
	"$CORACLE" rm one >/dev/null
	assert_clean
}

@test "one id: archives keep what cannot be set" {
	one() { # a user without subordinate ids
		setpriv --no-new-privs "$CORACLE" "$@" 2>>err
	}
	source "$CORACLE_SRC/tests/cmd/images.bash"
	mkdir tars; python3 "$CORACLE_SRC/tests/cmd/odd-layers.py" tars
	image_new layout odd; image_add_layers layout odd tars/[0-9].tar
	one load -q -i layout || { cat err; false; }
	one save -q localhost/odd | tar -x
	for t in 1 2 3; do cmp tars/$t.tar "$(sha256sum <tars/$t.tar | cut -d' ' -f1).tar"; done
	one pull -q "$BUSYBOX"
	one run --network none --name a "$BUSYBOX" sh -c 'echo x >/x; rm /etc/group'
	one commit -q a made
	[ "$(one run --rm --network none made cat /x)" = x ]
	one export a | tar -t | grep -qx x
	[ "$(one diff a)" = "$(printf 'C /etc\nD /etc/group\nA /x')" ]
	remove_containers
}
