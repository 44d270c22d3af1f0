# unpack.bats - odd layers, file by file as umoci unpacks them.
load helper

setup_file() {
	source "$CORACLE_SRC/tests/cmd/registry.bash"
	source "$CORACLE_SRC/tests/cmd/images.bash"
	export ODD=$BATS_FILE_TMPDIR
	mkdir -p "$ODD/tars"
	python3 "$CORACLE_SRC/tests/cmd/odd-layers.py" "$ODD/tars"
	image_new "$ODD/layout" odd
	image_add_layers "$ODD/layout" odd "$ODD"/tars/[0-9].tar
	image_new "$ODD/layout" umoci
	image_add_layers "$ODD/layout" umoci "$ODD"/tars/umoci.tar
	image_new "$ODD/layout" below
	image_add_layers "$ODD/layout" below "$ODD"/tars/below[123].tar
	image_new "$ODD/layout" gone
	image_add_layers "$ODD/layout" gone "$ODD"/tars/below[123].tar "$ODD/tars/gone.tar"
	registry_push "$ODD/layout:below" "$REGISTRY_OPEN/odd:below"
	registry_push "$ODD/layout:gone" "$REGISTRY_OPEN/odd:gone"
	registry_push "$ODD/layout:odd" "$REGISTRY_OPEN/odd:1"
	registry_push "$ODD/layout:umoci" "$REGISTRY_OPEN/odd:umoci"
}

teardown_file() { remove_tree "$BATS_FILE_TMPDIR"/*; }

as_root() { unshare --map-root-user --map-auto --mount "$@"; }

# The image's tree, as a container would see it, listed.
list_ours() {
	"$CORACLE" run --rm --mount "type=image,source=$1,destination=/mnt" -v "$CORACLE_SRC/tests/cmd:/list:ro" host \
		python3 /list/list-tree.py /mnt
}

@test "every file is as umoci unpacks it: mode, owner, size, content, attributes, times, links" {
	c pull -q "$REGISTRY_OPEN/odd:1"; ok
	as_root umoci raw unpack --image "$ODD/layout:odd" "$ODD/umoci"
	as_root python3 "$CORACLE_SRC/tests/cmd/list-tree.py" "$ODD/umoci" >"$ODD/theirs"
	list_ours "$REGISTRY_OPEN/odd:1" >"$ODD/ours"
	# The layers above do not name the root, and it has their time.
	diff -u <(sed '1s/ now$/ t0/' "$ODD/theirs") "$ODD/ours"
}

# A directory that a layer above writes into without naming it has the time of that: umoci puts the old one back.
timeless() { sed -E "s/^(b?'.*' 4[0-9]{4} [0-9:]+) (now|t-?[0-9]+)/\\1/"; }

@test "what layers say only together: unnamed parents, links to files below, an opaque root" {
	local t
	for t in below gone; do
		c pull -q "$REGISTRY_OPEN/odd:$t"; ok
		as_root umoci raw unpack --image "$ODD/layout:$t" "$ODD/umoci-$t"
		as_root python3 "$CORACLE_SRC/tests/cmd/list-tree.py" "$ODD/umoci-$t" | timeless >"$ODD/theirs"
		list_ours "$REGISTRY_OPEN/odd:$t" | timeless >"$ODD/ours"
		diff -u "$ODD/theirs" "$ODD/ours"
	done
	# What is loaded again is the same, and what is copied from elsewhere.
	"$CORACLE" rmi "$REGISTRY_OPEN/odd:gone" >/dev/null
	"$CORACLE" save -q "$REGISTRY_OPEN/odd:below" >"$ODD/saved"
	"$CORACLE" rmi "$REGISTRY_OPEN/odd:below" >/dev/null
	"$CORACLE" load -q <"$ODD/saved"
	list_ours "$REGISTRY_OPEN/odd:below" | timeless | grep "hard/\|parent" >"$ODD/ours"
	as_root python3 "$CORACLE_SRC/tests/cmd/list-tree.py" "$ODD/umoci-below" | timeless >"$ODD/theirs"
	diff -u <(grep "hard/\|parent" "$ODD/theirs") "$ODD/ours"
	"$CORACLE" rmi "$REGISTRY_OPEN/odd:below" >/dev/null
	"$CORACLE" image copy -q "oci:$ODD/layout:below" store:copied
	list_ours copied | timeless >"$ODD/ours"
	diff -u "$ODD/theirs" "$ODD/ours"
}

@test "a hard link to nothing is an error, and nothing is left" {
	local d=$BATS_TEST_TMPDIR
	python3 - "$d/bad.tar" <<-'P'
	import sys, tarfile
	t = tarfile.open(sys.argv[1], "w"); i = tarfile.TarInfo("h"); i.type = tarfile.LNKTYPE; i.linkname = "etc/passwd"; t.addfile(i); t.close()
	P
	c import -q "$d/bad.tar" bad; fails 125 "h: hard link to etc/passwd, which is no file of this layer or one below"
	c images -q bad; says ""
}

@test "what umoci does not know: the old form of sparse files, global headers, devices" {
	c pull "$REGISTRY_OPEN/odd:umoci"; ok
	list_ours "$REGISTRY_OPEN/odd:umoci" >"$ODD/listed"
	cat "$ODD/listed"
	# The same file, whole, and with its holes.
	[[ $(grep formatgnu "$ODD/listed") == *" 5242880 $(sha256sum "$ODD/tars/sparse/sparse/formatgnu" | cut -c1-16)"* ]]
	[ "$(as_root find "$CORACLE_ROOT/layers" -name formatgnu -printf %b)" -lt 1000 ]
	# No device can be made; nothing stands in its place, and it is known.
	! grep -q 'dev/null' "$ODD/listed" || false
	as_root grep -rqz "^0 0 666 c 1:3 dev/null" "$CORACLE_ROOT"/layers/*/owners
}

@test "an image without layers is an empty directory, and can be mounted and written to" {
	umoci new --image "$ODD/layout:none"
	"$CORACLE" image copy -q "oci:$ODD/layout:none" store:none
	c run --rm --mount type=image,source=none,destination=/mnt host ls -A /mnt; ok; says ""
	c run --rm --network none -v "$(command -v busybox):/busybox:ro" none /busybox sh -c 'echo x >/new; /busybox cat /new'; ok; says x
}

@test "every layer can be given back: bit for bit" {
	mkdir "$ODD/given"
	"$CORACLE" save -q -m "$REGISTRY_OPEN/odd:1" "$REGISTRY_OPEN/odd:umoci" | tar -x -C "$ODD/given"
	for t in 1 2 3 umoci; do
		cmp "$ODD/tars/$t.tar" "$ODD/given/$(sha256sum <"$ODD/tars/$t.tar" | cut -d' ' -f1).tar"
	done
}
