# copy.bats - image copy and sync between registries, layouts, archives, directories and the store.

load helper

setup() {
	fresh_store
	export HOSTILE=$BATS_TEST_TMPDIR/hostile
	mkdir -p "$HOSTILE"
	W=$BATS_TEST_TMPDIR
	N=copy$BATS_TEST_NUMBER
}

teardown() {
	[ ! -e "$HOSTILE/pid" ] || kill "$(cat "$HOSTILE/pid")" 2>/dev/null || :
	remove_tree "$CORACLE_ROOT"
}

sk() { skopeo --insecure-policy "$@"; }
copy() { c image copy "$@"; }
digest_of() { "$CORACLE" image digest "$@"; }

# Nothing half-made is left below a directory.
no_parts() { [ -z "$(find "$1" -name '*part-*')" ] || no "left: $(find "$1" -name '*part-*')"; }

@test "every transport to every other: the layers stay, and skopeo reads it" {
	local from=docker://$LAYERS places p q diffs
	"$CORACLE" image inspect --config "$from" | jq -c .rootfs.diff_ids >"$W/diffs"
	diffs=$(cat "$W/diffs")
	c pull -q "$LAYERS"
	mkdir "$W/in"
	copy -q "$from" "oci:$W/in/oci:x"
	ok
	says ""
	copy -q "$from" "oci-archive:$W/in/oa:x"
	ok
	copy -q "$from" "docker-archive:$W/in/da:x/y:1"
	ok
	copy -q "$from" "dir:$W/in/dir"
	ok
	places=("$from" "store:$LAYERS" "oci:$W/in/oci:x" "oci-archive:$W/in/oa:x" "docker-archive:$W/in/da" "dir:$W/in/dir")
	for p in "${places[@]}"; do
		mkdir "$W/out"
		for q in "docker://$REGISTRY_OPEN/$N:x" "oci:$W/out/oci" "oci-archive:$W/out/oa" "docker-archive:$W/out/da" \
			"dir:$W/out/dir" "store:copied"; do
			copy --digestfile "$W/digest" "$p" "$q"
			ok
			[ "$(sk inspect --config --cert-dir "$SUITE/tls/certs" "${q/store:copied/$from}" | jq -c .rootfs.diff_ids)" = "$diffs" ] || no "$p $q"
			case $q in docker-archive*|store*) continue ;; esac
			[ "$(cat "$W/digest")" = "$(digest_of "$q")" ] || no "digest of $p $q"
			sk copy -q --src-cert-dir "$SUITE/tls/certs" "$q" "dir:$W/checked"
			rm -r "$W/checked"
		done
		c run --rm --network none --entrypoint /bin/cat copied /data/keep/three
		says three
		c rmi copied
		no_parts "$W/out"
		rm -r "$W/out"
	done
	assert_clean
}

@test "digests stay where bytes can, and what the target has is not sent" {
	local from=docker://$LAYERS to=docker://$REGISTRY_AUTH/$N:x d
	d=$(digest_of "$from")
	for q in "oci:$W/oci:x" "dir:$W/dir" "oci-archive:$W/oa" "$to"; do
		copy --dest-creds user:secret --preserve-digests "$from" "$q"
		ok
		[ "$(digest_of --creds user:secret "$q")" = "$d" ] || no "$q"
		case $q in oci-archive*) continue ;; esac
		copy --dest-creds user:secret "$from" "$q"
		ok
		[ "$(grep -c 'skipped: already exists' <<<"$output")" = 4 ] || no "sent again"
	done
	copy --preserve-digests "$from" "docker-archive:$W/da"
	fails 125 "--preserve-digests"
	[ ! -e "$W/da" ] || no "half an archive"
	no_parts "$W"
	# Within one registry they are mounted.
	copy "$from" "docker://$REGISTRY_OPEN/$N/mounted:x"
	ok
	[ "$(grep -c 'skipped: already exists' <<<"$output")" = 4 ] || no "not mounted"
	# Into the store and out of it again.
	copy -q "$from" store:back
	ok
	copy store:back "$to" --dest-creds user:secret
	ok
	lacks " done"
	# An image that was made here: what its layers are packed to is known the second time.
	c import -q <(tar -C "$SUITE/tls" -cf - ca.crt) made:1
	copy -q store:made:1 "docker://$REGISTRY_OPEN/$N/made:1"
	ok
	copy store:made:1 "docker://$REGISTRY_OPEN/$N/made:1"
	ok
	lacks " done"
	has "already exists"
	[ "$(digest_of --creds user:secret "$to")" = "$d" ] || no "from the store"
	copy "$from" store:back
	[ "$(grep -c 'skipped: already exists' <<<"$output")" = 4 ] || no "unpacked again"
}

@test "lists: all of them, one of them, or the list alone" {
	local i m list=docker://$REGISTRY_OPEN/$N/list:x d
	mkdir "$W/l"
	for i in amd64 s390x; do
		cp -r "$SUITE/images" "$W/$i"
		umoci config --image "$W/$i:busybox" --architecture $i
		sk copy -q "oci:$W/$i:busybox" "dir:$W/l.$i"
		copy -q "oci:$W/$i:busybox" "docker://$REGISTRY_OPEN/$N/list:$i"
		ok
		m+=$(jq -n -c --arg d "$(digest_of "docker://$REGISTRY_OPEN/$N/list:$i")" --argjson s "$(stat -c %s "$W/l.$i/manifest.json")" \
			--arg a $i '{mediaType:"application/vnd.oci.image.manifest.v1+json",digest:$d,size:$s,platform:{os:"linux",architecture:$a}}')
	done
	jq -s -c '{schemaVersion:2,mediaType:"application/vnd.oci.image.index.v1+json",manifests:.}' <<<"$m" >"$W/index"
	curl -sfk -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @"$W/index" \
		"https://$REGISTRY_OPEN/v2/$N/list/manifests/x"
	d=$(digest_of "$list")
	for q in "docker://$REGISTRY_AUTH/$N:all" "oci:$W/oci" "oci-archive:$W/oa" "dir:$W/dir"; do
		copy -q --all --dest-creds user:secret "$list" "$q"
		ok
		[ "$(digest_of --creds user:secret "$q")" = "$d" ] || no "$q"
		[ "$(digest_of --creds user:secret --platform linux/s390x "$q")" = "$(jq -r '.manifests[1].digest' "$W/index")" ] || no "$q s390x"
	done
	sk copy -q --all "oci:$W/oci" "dir:$W/dir2"
	diff -r "$W/dir" "$W/dir2"
	sk copy -q --all "dir:$W/dir" "oci:$W/oci2"
	copy -q --all --format v2s2 "$list" "dir:$W/docker"
	ok
	jq -e '.mediaType == "application/vnd.docker.distribution.manifest.list.v2+json"' "$W/docker/manifest.json"
	sk copy -q --all "dir:$W/docker" "docker://$REGISTRY_OPEN/$N/docker:x" --dest-cert-dir "$SUITE/tls/certs"
	copy -q "$list" "dir:$W/one"
	ok
	[ "$(digest_of "dir:$W/one")" = "$(jq -r '.manifests[0].digest' "$W/index")" ] || no "not the machine's"
	copy -q --override-arch s390x "$list" "dir:$W/one"
	[ "$(digest_of "dir:$W/one")" = "$(jq -r '.manifests[1].digest' "$W/index")" ] || no "override"
	[ "$(ls "$W/one" | wc -l)" = 4 ] || no "what an older image left: $(ls "$W/one")"
	copy -q --multi-arch index-only "$list" "docker://$REGISTRY_OPEN/$N/list:y"
	ok
	[ "$(digest_of "docker://$REGISTRY_OPEN/$N/list:y")" = "$d" ] || no "index-only"
	copy -q --override-arch mips "$list" "dir:$W/none"
	fails 125 "there is one for linux/amd64, linux/s390x"
	copy -q --all "$list" "docker-archive:$W/da"
	fails 125 "holds one image"
}

@test "compression and formats" {
	local from=docker://$LAYERS
	copy -q --dest-decompress "$from" "dir:$W/plain"
	ok
	[ "$(jq -r '.layers[].mediaType' "$W/plain/manifest.json" | sort -u)" = application/vnd.oci.image.layer.v1.tar ] || no plain
	[ "$(jq -c '[.layers[].digest]' "$W/plain/manifest.json")" = "$("$CORACLE" image inspect --config "$from" | jq -c .rootfs.diff_ids)" ] || no "diff ids"
	sk copy -q "dir:$W/plain" "dir:$W/checked"
	copy -q --dest-compress --dest-compress-format zstd "dir:$W/plain" "dir:$W/zstd"
	ok
	[ "$(jq -r '.layers[].mediaType' "$W/zstd/manifest.json" | sort -u)" = application/vnd.oci.image.layer.v1.tar+zstd ] || no zstd
	sk copy -q "dir:$W/zstd" "oci:$W/checked2:x"
	copy -q "dir:$W/zstd" "docker-archive:$W/da"
	ok
	sk copy -q "docker-archive:$W/da" "dir:$W/checked3"
	copy -q "dir:$W/plain" "oci:$W/oci"
	ok
	"$CORACLE" image inspect "oci:$W/oci" | jq -e '[.LayersData[].MIMEType]|unique == ["application/vnd.oci.image.layer.v1.tar+gzip"]'
	copy -q --dest-oci-accept-uncompressed-layers "dir:$W/plain" "oci:$W/oci"
	[ "$(digest_of "oci:$W/oci")" = "$(digest_of "dir:$W/plain")" ] || no "not as it was"
	copy -q --format v2s2 "$from" "docker://$REGISTRY_OPEN/$N:d"
	ok
	sk inspect --raw --cert-dir "$SUITE/tls/certs" "docker://$REGISTRY_OPEN/$N:d" | jq -e '.mediaType|contains("docker")'
	copy -q "docker://$REGISTRY_OPEN/$N:d" "oci:$W/oci:d"
	ok
	sk inspect --raw "oci:$W/oci:d" | jq -e '.layers[0].mediaType|contains("oci")'
	copy -q --format v2s2 "$from" "oci:$W/oci:e"
	fails 125 "format oci only"
	copy -q --format v2s2 --dest-compress-format zstd "$from" "dir:$W/x"
	fails 125 "no zstd layers"
	copy -q --additional-tag a:1 --additional-tag b "$from" "docker-archive:$W/tags:c:3"
	ok
	tar -xOf "$W/tags" manifest.json | jq -e '.[0].RepoTags == ["docker.io/library/c:3","docker.io/library/a:1","docker.io/library/b:latest"]'
}

@test "sync: repositories to directories and back, scoped and not" {
	local r=$REGISTRY_OPEN/$N/app
	copy -q "docker://$BUSYBOX" "docker://$r:1"
	copy -q "docker://$LAYERS" "docker://$r:2"
	c image sync --src docker --dest dir --dry-run "$r" "$W/d"
	ok
	[ ! -e "$W/d" ] || no "dry run"
	c image sync --src docker --dest dir "$r" "$W/d"
	ok
	has "Synced 2 images"
	[ "$(ls "$W/d")" = "app:1"$'\n'"app:2" ] || no "$(ls "$W/d")"
	c image sync --src docker --dest dir --scoped "$r:1" "$W/scoped"
	ok
	[ -e "$W/scoped/$r:1/manifest.json" ] || no "not scoped"
	c image sync -s dir -d docker --dest-creds user:secret "$W/d" "$REGISTRY_AUTH/$N/mirror"
	ok
	[ "$(digest_of --creds user:secret "docker://$REGISTRY_AUTH/$N/mirror/app:2")" = "$(digest_of "docker://$LAYERS")" ] || no digest
	c image sync -s dir -d docker --dest-creds user:secret "$W/d" "$REGISTRY_AUTH/$N/mirror"
	ok
	lacks " done"
	rm "$W/d/app:1"/[0-9a-f]*[0-9a-f]
	c image sync -s dir -d docker --keep-going "$W/d" "$REGISTRY_OPEN/$N/again"
	fails 125 "app:1"
	has "Synced 1 images"
	c image sync -s dir -d dir "$W/d" "$W/e"
	fails 125 "rsync"
	mkdir "$W/empty"
	c image sync -s dir -d docker "$W/empty" "$REGISTRY_OPEN/x"
	fails 125 "no images"
}

@test "hostile and damaged images end with one line and leave nothing" {
	hostile
	local bad
	c images -q
	for bad in wrong-bytes missing-blob missing-beside-slow size-small deep huge not-json schema1 wrong-manifest many-layers loop dead endless; do
		for q in "dir:$W/d" "oci:$W/o" "oci-archive:$W/oa" store:x; do
			copy -q --retry-times 0 "docker://$BAD/$bad" "$q"
			[ "$status" = 125 ] || no "$bad $q"
			[ "${#lines[@]}" = 1 ] || no "$bad: more than one line"
			[[ $output != *$'\033'* ]] || no "$bad: control characters"
			assert_clean
		done
		no_parts "$W"
		[ ! -e "$W/oa" ] || no "half an archive"
		[ ! -e "$W/d/manifest.json" ] && [ ! -e "$W/o/index.json" ] || no "$bad: half an image"
		rm -rf "$W/d" "$W/o"
	done
	copy -q "docker://$BAD/bomb" "docker-archive:$W/da"
	fails 125 "as the config says"
	[ ! -e "$W/da" ] || no "half an archive"
	# Not ours, so not touched.
	mkdir "$W/mine"
	echo precious >"$W/mine/file"
	copy -q "docker://$BUSYBOX" "dir:$W/mine"
	fails 125 "don't want to overwrite important data"
	[ "$(ls "$W/mine")" = file ] || no "touched"
	copy -q "docker://$BUSYBOX" "docker-archive:$W/mine/file"
	fails 125 "modifying existing"
	# Blobs of a directory that are links lead nowhere.
	copy -q "docker://$BUSYBOX" "dir:$W/links"
	local blob
	for blob in "$W"/links/[0-9a-f]*; do mv "$blob" "$W/away"; ln -s "$W/away" "$blob"; break; done
	copy -q "dir:$W/links" "oci:$W/o2"
	fails 125 "Error: "
}

# bats test_tags=plain
@test "memory stays small whatever the size" {
	hostile
	for q in "dir:$W/d" "oci-archive:$W/oa" "docker-archive:$W/da" "docker://$REGISTRY_OPEN/$N:x"; do
		prlimit --data=100000000 "$CORACLE" image copy -q "docker://$BAD/good" "$q"
	done
}
