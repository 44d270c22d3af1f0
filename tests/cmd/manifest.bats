# manifest.bats - lists of images, and images of several platforms under one name.

load helper

setup() {
	fresh_store
	W=$BATS_TEST_TMPDIR
	N=list$BATS_TEST_NUMBER
	R=$REGISTRY_OPEN/$N
}

teardown() {
	remove_containers
	remove_tree "$CORACLE_ROOT"
}

m() { c manifest "$@"; }
sk() { skopeo --insecure-policy "$@"; }
digest_of() { "$CORACLE" image digest "$@"; }

# ARCH...: busybox that says it is for that architecture, at $R:ARCH.
images_for() {
	local i
	for i; do
		cp -r "$SUITE/images" "$W/images.$i"
		umoci config --image "$W/images.$i:busybox" --architecture "$i"
		"$CORACLE" image copy -q "oci:$W/images.$i:busybox" "docker://$R:$i"
	done
}

@test "a list is made, filled, annotated, shown and removed" {
	images_for amd64 s390x
	c pull -q "$R:amd64"
	m create mine
	ok
	[[ $output =~ ^[0-9a-f]{64}$ ]] || no "no ID"
	local id=$output amd64 s390x
	amd64=$(digest_of "$R:amd64")
	s390x=$(digest_of "docker://$R:s390x")
	m create mine
	fails 125 "already in use"
	m create --amend mine
	says "$id"
	m exists mine
	ok
	m add mine "$R:amd64"
	says "$id"
	m add --annotation a=b --annotation c=d=e mine "docker://$R:s390x"
	ok
	m add --variant v1 mine "$R:amd64"
	ok
	m inspect mine
	jq -e --arg a "$amd64" --arg s "$s390x" '.schemaVersion == 2 and (.manifests|length) == 2 and
		.manifests[0].digest == $a and .manifests[0].platform == {architecture:"amd64",os:"linux",variant:"v1"} and
		.manifests[1].digest == $s and .manifests[1].platform.architecture == "s390x" and
		.manifests[1].annotations == {a:"b",c:"d=e"}' <<<"$output"
	m annotate --arch arm --variant v7 --os-version 1 --features x,y --os-features z mine "$s390x"
	says "$id"
	m inspect "${id:0:12}"
	jq -e '.manifests[1].platform == {architecture:"arm",os:"linux",variant:"v7","os.version":"1",features:["x","y"],"os.features":["z"]}' <<<"$output"
	c images --format '{{.Repository}}:{{.Tag}} {{.ID}}'
	has "localhost/mine:latest ${id:0:12}"
	c tag mine other
	m inspect other
	ok
	c rmi other
	says "Untagged: localhost/other:latest"
	m remove mine "$s390x"
	says "$id"
	m remove mine "$s390x"
	fails 125 "no image with digest"
	m remove mine nothere
	fails 125 "neither a digest nor an image"
	# What it means as an image is what it has for this machine.
	c run --rm --network none mine echo hello
	says hello
	m rm mine
	says "Untagged: localhost/mine:latest"$'\n'"Deleted: $id"
	m exists mine
	fails 1
	m rm mine
	fails 125 "image not known"
	m inspect "$R:amd64"
	fails 125 "is not a manifest list"
	c run --rm --network none "$R:amd64" true
	ok
}

@test "push: images of the store and of a registry, and skopeo reads all" {
	images_for amd64 s390x
	c pull -q "$R:amd64"
	m create --all l "$R:amd64" "docker://$R:s390x"
	ok
	c rmi -f "$R:s390x"
	m push --digestfile "$W/d" l "$REGISTRY_AUTH/$N:x" --creds user:secret
	ok
	[ "$(cat "$W/d")" = "$(digest_of --creds user:secret "docker://$REGISTRY_AUTH/$N:x")" ] || no "digest"
	sk copy -q --all --src-creds user:secret --src-cert-dir "$SUITE/tls/certs" "docker://$REGISTRY_AUTH/$N:x" "dir:$W/dir"
	[ "$(ls "$W/dir" | grep -c 'manifest.json$')" = 3 ] || no "$(ls "$W/dir")"
	m push l "docker://$REGISTRY_AUTH/$N:x" --creds user:secret
	ok
	lacks " done"
	m push -q -f v2s2 l "docker://$R:docker"
	ok
	says ""
	sk inspect --raw --cert-dir "$SUITE/tls/certs" "docker://$R:docker" |
		jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json" and (.manifests[0].mediaType|contains("docker"))'
	m push -q l "oci:$W/oci:l"
	ok
	sk copy -q --all "oci:$W/oci:l" "dir:$W/dir3"
	m push -q --all=false l "docker://$R:alone"
	ok
	[ "$(digest_of "docker://$R:alone")" = "$("$CORACLE" images --format "{{.Digest}}" l)" ] || no "alone"
	c push -q --all l "$R:pushed"
	ok
	[ "$(digest_of "docker://$R:pushed")" = "$(digest_of "docker://$R:alone")" ] || no "push --all"
	c push -q --all "$R:amd64" "$R:x"
	fails 125 "is not a manifest list"
	m push -q --rm l "docker://$R:last"
	m exists l
	fails 1
	# From a list at a registry: all, or that for this machine.
	m create all
	m add --all all "docker://$R:last"
	m create one
	m add one "docker://$R:last"
	m inspect all
	[ "$(jq '.manifests|length' <<<"$output")" = 2 ] || no "not all"
	m inspect one
	[ "$(jq -r '.manifests[]|.platform.architecture' <<<"$output")" = amd64 ] || no "not one"
	m inspect "docker://$R:last"
	[ "$(jq '.manifests|length' <<<"$output")" = 2 ] || no "not the registry's"
	# The image for this machine is here, the list is there.
	c pull -q "$R:last"
	m inspect "$R:last"
	[ "$(jq '.manifests|length' <<<"$output")" = 2 ] || no "not the list of an image that was pulled"
	m push one "docker-archive:$W/da"
	fails 125 "holds one image"
	m add one nothere
	fails 125 "Error: "
	m add one --annotation x "$R:amd64"
	fails 125 "key=value"
	m create Bad
	fails 125 "lower case"
}

@test "an image made here gets the digest it is pushed with" {
	c import -q <(tar -C "$SUITE/tls" -cf - ca.crt) made:1
	ok
	m create l made:1
	m push --digestfile "$W/d" l "docker://$R:made"
	ok
	c image inspect --raw "docker://$R:made"
	[ "sha256:$(printf %s "$output" | sha256sum | cut -d' ' -f1)" = "$(cat "$W/d")" ] || no "digest"
	sk copy -q --all --src-cert-dir "$SUITE/tls/certs" "docker://$R:made" "dir:$W/dir"
	c rmi made:1
	m push l "docker://$R:gone"
	fails 125 "image not known"
}

@test "platforms side by side under one name" {
	images_for amd64 s390x
	m create --all both "docker://$R:amd64" "docker://$R:s390x"
	m push -q both "$R:both"
	ok
	m rm both
	c pull -q --platform linux/amd64 "$R:both"
	local amd64=$output
	c pull -q --platform linux/s390x "$R:both"
	local s390x=$output
	[ "$amd64" != "$s390x" ] || no "the same"
	c images --format '{{.Repository}}:{{.Tag}}'
	[ "$(grep -c "^$R:both$" <<<"$output")" = 2 ] || no "not side by side"
	cs run --rm --network none --pull never "$R:both" true
	ok
	[ -z "$stderr" ] || no "warned"
	# The program is this machine's, whatever the config says.
	cs run --rm --network none --pull never --platform linux/s390x "$R:both" true
	ok
	[ -z "$stderr" ] || no "warned of what was asked for"
	cs run --rm --network none --pull never "$s390x" true
	ok
	[[ $stderr == "WARNING: image platform ({s390x linux  [] }) does not match the expected platform ({amd64 linux  [] })" ]] || no "no warning"
	# Present, so nothing is asked.
	c pull -q --policy missing --platform linux/s390x "$R:both"
	says "$s390x"
	c image copy -q --all "docker://$R:both" store:copied
	ok
	c images --format '{{.Repository}}:{{.Tag}} {{.Arch}}'
	[ "$(grep -c "^localhost/copied:latest" <<<"$output")" = 2 ] || no "copy --all"
	c image inspect -f '{{.Architecture}}' copied
	says amd64
	c rmi copied
	ok
	c image exists copied
	fails 1
	c image exists "$s390x"
	ok
	c rmi "$R:both"
	[ "$(grep -c ^Deleted: <<<"$output")" = 2 ] || no "one is left"
	c images -q
	says ""
}
