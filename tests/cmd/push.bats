# push.bats - images to registries, good and bad ones.

load helper

setup() {
	fresh_store
	export HOSTILE=$BATS_TEST_TMPDIR/hostile
	mkdir -p "$HOSTILE"
	NAME=p$BATS_TEST_NUMBER
}

teardown() {
	[ ! -e "$HOSTILE/pid" ] || kill "$(cat "$HOSTILE/pid")" 2>/dev/null || :
	remove_tree "$CORACLE_ROOT"
}

push() { c push --retry-delay 50ms "$@"; }

# What the registry has under a name, by skopeo: manifest or config.
inspect() { skopeo inspect --cert-dir "$SUITE/tls/certs" --creds user:secret --raw "${@:2}" "docker://$1"; }

# IMAGE: what its layers are, once unpacked.
diff_ids() { "$CORACLE" image inspect --format '{{json .RootFS.Layers}}' "$1"; }

@test "to another registry: same layers, other tools read it, the second time nothing is sent" {
	c pull -q "$LAYERS"
	ok
	local before id=$output to=$REGISTRY_AUTH/$NAME:1
	before=$(diff_ids "$LAYERS")
	push "$LAYERS" "$to"
	fails 125 "--creds"
	push --creds user:secret --digestfile "$BATS_TEST_TMPDIR/digest" "$LAYERS" "$to"
	ok
	[ "$(cat "$BATS_TEST_TMPDIR/digest")" = "sha256:$(inspect "$to" | sha256sum | cut -d' ' -f1)" ] || no "digest"
	push --creds user:secret "$LAYERS" "$to"
	ok
	[ "$(grep -c 'skipped: already exists' <<<"$output")" = "$(jq '.layers|length' <<<"$(inspect "$to")")" ] || no "sent again"
	remove_tree "$CORACLE_ROOT"
	c pull -q --creds user:secret "$to"
	ok
	says "$id"
	[ "$(diff_ids "$to")" = "$before" ] || no "layers"
	skopeo copy -q --insecure-policy --src-cert-dir "$SUITE/tls/certs" --src-creds user:secret "docker://$to" \
		"oci:$BATS_TEST_TMPDIR/copy:x"
	umoci unpack --rootless --image "$BATS_TEST_TMPDIR/copy:x" "$BATS_TEST_TMPDIR/bundle"
	[ "$(cat "$BATS_TEST_TMPDIR/bundle/rootfs/data/keep/three")" = three ] || no "files"
}

@test "within one registry blobs are mounted and the digest stays" {
	c pull -q "$LAYERS"
	c tag "$LAYERS" "$REGISTRY_OPEN/$NAME:x"
	cs push "$REGISTRY_OPEN/$NAME:x"
	ok
	[ -z "$output" ] || no "stdout"
	[[ $stderr == *mounted* && $stderr != *" done"* ]] || no "not mounted"
	[ "$(inspect "$REGISTRY_OPEN/$NAME:x")" = "$(inspect "$LAYERS")" ] || no "manifest"
	cs push -q "$REGISTRY_OPEN/$NAME:x"
	[ -z "$output$stderr" ] || no "not quiet"
	assert_clean
}

@test "formats and compression" {
	c pull -q "$BUSYBOX"
	local to=$REGISTRY_AUTH/$NAME m kind args
	for args in "--format v2s2" "--compression-format zstd" "--compression-level 1" "--compression-format zstd --compression-level 9" \
		"--compression-format zstd --force-compression --format oci"; do
		push --creds user:secret $args "$BUSYBOX" "$to:x"
		ok
		m=$(inspect "$to:x")
		case $args in
		*v2s2*) kind=docker.image.rootfs.diff.tar.gzip ;;
		*force*) kind=oci.image.layer.v1.tar+zstd ;;
		*) kind= ;;
		esac
		[[ $m == *"$kind"* ]] || no "$args: $m"
		c run --rm --pull always --creds user:secret --network none "$to:x" true
		ok
	done
	push --creds user:secret --format v2s2 --compression-format zstd "$BUSYBOX" "$to:x"
	fails 125 "v2s2"
	push --creds user:secret --compression-level 10 "$BUSYBOX" "$to:x"
	fails 125 "1 to 9"
}

@test "clear errors" {
	push nothere "$REGISTRY_OPEN/x"
	fails 125 "image not known"
	push host "$REGISTRY_OPEN/x"
	fails 125 "built-in"
	c pull -q "$BUSYBOX"
	push "$BUSYBOX" "$REGISTRY_OPEN/UPPER"
	fails 125 "lower case"
	push "$BUSYBOX" localhost:1/x
	fails 125 "localhost:1"
}

@test "broken and busy registries: the push goes on where it was" {
	hostile
	c pull -q "$BAD/good"
	local ill
	for ill in up-good up-cut up-forgets up-busy up-expires; do
		push -q "$BAD/good" "$BAD/$ill:x"
		ok
	done
	# After the break only what was missing came.
	jq -r 'select(.path|contains("/up-cut/"))|select(.method == "PATCH").range' "$HOSTILE/requests" >"$BATS_TEST_TMPDIR/ranges"
	[ "$(grep -c . "$BATS_TEST_TMPDIR/ranges")" -ge 7 ] || no "$(cat "$BATS_TEST_TMPDIR/ranges")"
	grep -q '^4194304-8388607$' "$BATS_TEST_TMPDIR/ranges" || no "$(cat "$BATS_TEST_TMPDIR/ranges")"
}

@test "no credentials for another host; bad answers are errors in one line" {
	hostile
	c pull -q "$BAD/good"
	push -q --creds a:b "$BAD/good" "$BAD/up-away:x"
	ok
	grep '"elsewhere": true' "$HOSTILE/requests" | grep -q '"authorization": false' || no "not elsewhere"
	if grep '"elsewhere": true' "$HOSTILE/requests" | grep -q '"authorization": true'; then no "credentials went along"; fi
	local bad
	for bad in up-denied up-plain up-nowhere up-refuses; do
		push -q "$BAD/good" "$BAD/$bad:x"
		fails 125 "Error: "
		[ "${#lines[@]}" = 1 ] || no "$bad: more than one line"
		assert_clean
	done
}
