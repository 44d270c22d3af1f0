# remote.bats - images where they lie: inspect, digest and delete without pulling.

load helper

setup() {
	fresh_store
	export HOSTILE=$BATS_TEST_TMPDIR/hostile
	mkdir -p "$HOSTILE"
	W=$BATS_TEST_TMPDIR
}

teardown() {
	[ ! -e "$HOSTILE/pid" ] || kill "$(cat "$HOSTILE/pid")" 2>/dev/null || :
	remove_tree "$CORACLE_ROOT"
}

sk() { skopeo --insecure-policy "$@"; }

# NAME [skopeo options]: both tools' inspect, without what Debian's skopeo does not show yet, and without the tags' order.
same_inspect() {
	local name=$1 ours theirs
	shift
	ours=$("$CORACLE" image inspect "$name" | jq -S 'del(.LayersData)|.RepoTags|=sort')
	theirs=$(sk inspect "$@" "$name" | jq -S '.RepoTags|=sort')
	[ "$ours" = "$theirs" ] || no "$name: $ours / $theirs"
}

@test "what a registry has, as skopeo shows it, and nothing is pulled" {
	local name=docker://$LAYERS raw
	same_inspect "$name" --cert-dir "$SUITE/tls/certs"
	c inspect -f '{{.Name}} {{.Architecture}}' "$name"
	says "$LAYERS amd64"
	"$CORACLE" image inspect --raw "$name" >"$W/raw"
	sk inspect --raw --cert-dir "$SUITE/tls/certs" "$name" >"$W/theirs"
	cmp "$W/raw" "$W/theirs"
	c image digest "$name"
	says "sha256:$(sha256sum <"$W/raw" | cut -d' ' -f1)"
	"$CORACLE" image inspect --config --raw "$name" >"$W/config"
	[ "$(jq -r .config.digest "$W/raw")" = "sha256:$(sha256sum <"$W/config" | cut -d' ' -f1)" ] || no config
	c image inspect --config -f '{{.os}} {{len .rootfs.diff_ids}}' "$name"
	says "linux $(jq '.layers|length' "$W/raw")"
	c image inspect -n -f '{{len .RepoTags}} {{len .LayersData}}' "$name"
	says "0 $(jq '.layers|length' "$W/raw")"
	c images -q
	[ -z "$output" ] || no "pulled"
	[ -z "$(ls "$CORACLE_ROOT/layers" | grep -v mountpoints)" ] || no "layers"
}

@test "layouts, archives, directories and the store" {
	local n from=docker://$LAYERS
	for n in oci:$W/layout:a oci-archive:$W/oa.tar:b dir:$W/dir docker-archive:$W/da.tar:some/name:1; do
		sk copy -q --src-cert-dir "$SUITE/tls/certs" "$from" "$n"
	done
	for n in oci:$W/layout oci:$W/layout:a oci-archive:$W/oa.tar:b dir:$W/dir; do
		same_inspect "$n"
		c image digest "$n"
		says "$(sha256sum "$W/dir/manifest.json" | sed 's/^/sha256:/;s/ .*//')"
	done
	# Its manifest is made up by who reads it.
	for n in docker-archive:$W/da.tar docker-archive:$W/da.tar:some/name:1 docker-archive:$W/da.tar:@0; do
		diff <("$CORACLE" image inspect "$n" | jq -S 'del(.Digest,.LayersData)') <(sk inspect "$n" | jq -S 'del(.Digest)') || no "$n"
	done
	c pull -q "$LAYERS"
	c image inspect -n -f '{{.Digest}}' "$LAYERS"
	says "sha256:$(sha256sum "$W/dir/manifest.json" | cut -d' ' -f1)"
	c image digest "$LAYERS"
	says "sha256:$(sha256sum "$W/dir/manifest.json" | cut -d' ' -f1)"
	# An image may be called so; then it is that one.
	c tag "$LAYERS" oci:latest
	c image inspect -f '{{.Id}}' oci:latest
	ok
}

@test "credentials, lists and platforms" {
	local list=$REGISTRY_OPEN/two-platforms:x
	c image inspect "docker://$REGISTRY_AUTH/private/busybox:1"
	fails 125 "log in"
	c image digest --creds user:secret "docker://$REGISTRY_AUTH/private/busybox:1"
	ok
	"$CORACLE" image inspect --raw "docker://$LAYERS" >"$W/m"
	jq -c --arg d "sha256:$(sha256sum <"$W/m" | cut -d' ' -f1)" --argjson n "$(stat -c %s "$W/m")" -n \
		'{schemaVersion:2,mediaType:"application/vnd.oci.image.index.v1+json",manifests:[
		{mediaType:"application/vnd.oci.image.manifest.v1+json",digest:$d,size:$n,platform:{os:"linux",architecture:"riscv64"}}]}' >"$W/i"
	"$CORACLE" pull -q "$LAYERS" >"$W/id"
	c tag "$LAYERS" "$REGISTRY_OPEN/two-platforms:y"
	c push -q "$REGISTRY_OPEN/two-platforms:y"
	ok
	curl -sfk --cacert "$SUITE/tls/ca.crt" -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
		--data-binary @"$W/i" "https://$REGISTRY_OPEN/v2/two-platforms/manifests/x"
	c image digest "docker://$list"
	says "sha256:$(sha256sum <"$W/i" | cut -d' ' -f1)"
	c image digest --platform linux/riscv64 "docker://$list"
	says "sha256:$(sha256sum <"$W/m" | cut -d' ' -f1)"
	c image digest --platform linux/s390x "docker://$list"
	fails 125 "there is one for linux/riscv64"
}

@test "delete" {
	c pull -q "$BUSYBOX"
	c push -q "$BUSYBOX" "$REGISTRY_OPEN/gone:1"
	ok
	c image delete "docker://$REGISTRY_OPEN/gone:1"
	ok
	says ""
	c image digest "docker://$REGISTRY_OPEN/gone:1"
	fails 125 "manifest unknown"
	c image delete "docker://$REGISTRY_OPEN/gone:1"
	fails 125 "manifest unknown"
	c image delete store:x
	fails 125 "coracle rmi"
	c image delete dir:/x
	fails 125 "only images of registries"
	c image delete busybox
	fails 125 "does not begin with a transport"
}

@test "what is not there or wrong is one clear line" {
	hostile
	mkdir "$W/empty" "$W/odd"
	echo '{"schemaVersion":2}' >"$W/odd/manifest.json"
	echo junk >"$W/junk"
	local n
	for n in "oci:$W/empty" "dir:$W/empty" "dir:$W/nothere" "dir:$W/odd" "oci-archive:$W/junk" "docker-archive:$W/junk" \
		"docker-archive:$W/nothere" "oci:$W/empty:b a d" "oci:" "docker://UPPER/x" "docker://localhost:1/x" "store:nothere" \
		"docker://$BAD/deep" "docker://$BAD/huge" \
		"docker://$BAD/not-json" "docker://$BAD/schema1" "docker://$BAD/endless-manifest" "docker://$BAD/dead" "docker://$BAD/denied"; do
		c image digest "$n"
		fails 125 "Error: "
		[ "${#lines[@]}" = 1 ] || no "$n"
	done
	# A layout whose manifest is not what its name says.
	cp -r "$SUITE/images" "$W/layout"
	local digest
	digest=$(jq -r '.manifests[0].digest' "$W/layout/index.json")
	chmod u+w "$W/layout/blobs/sha256/${digest#sha256:}"
	echo ' ' >>"$W/layout/blobs/sha256/${digest#sha256:}"
	c image digest "oci:$W/layout:$(jq -r '.manifests[0].annotations[]' "$W/layout/index.json")"
	fails 125 "its digest is"
	c image digest "oci:$W/layout"
	fails 125 "name one"
}
