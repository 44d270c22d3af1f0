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
	diff -u "$ODD/theirs" "$ODD/ours"
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

@test "every layer can be given back: bit for bit" {
	mkdir "$ODD/given"
	"$CORACLE" save -q -m "$REGISTRY_OPEN/odd:1" "$REGISTRY_OPEN/odd:umoci" | tar -x -C "$ODD/given"
	for t in 1 2 3 umoci; do
		cmp "$ODD/tars/$t.tar" "$ODD/given/$(sha256sum <"$ODD/tars/$t.tar" | cut -d' ' -f1).tar"
	done
}
