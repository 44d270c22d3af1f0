# policy.bats - policy.json: what may be pulled, and whose signature it needs.

load helper

setup() {
	fresh_store
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	POLICY=$XDG_CONFIG_HOME/containers/policy.json
	mkdir -p "${POLICY%/*}"
}

teardown() { remove_tree "$CORACLE_ROOT"; }

# SCOPE REQUIREMENT: everything else is rejected.
policy() { printf '{"default":[{"type":"reject"}],"transports":{"docker":{"%s":[%s]}}}' "$1" "$2" >"$POLICY"; }

# REPOSITORY FILE: bring a blob to the open registry; its descriptor's digest and size are printed.
put_blob() {
	local url digest
	digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
	url=$(curl -s --cacert "$SUITE/tls/ca.crt" -X POST -D - -o /dev/null "https://$REGISTRY_OPEN/v2/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	curl -sf --cacert "$SUITE/tls/ca.crt" -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" "$url&digest=$digest" >&2
	printf '"digest":"%s","size":%s' "$digest" "$(stat -c %s "$2")"
}

# REPOSITORY DIGEST NAME KEY: what cosign would put there.
sign() {
	local d=$BATS_TEST_TMPDIR/sign config payload signature
	mkdir -p "$d"
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' "$3" "$2" >"$d/payload"
	openssl dgst -sha256 -sign "$4" -out "$d/signature" "$d/payload"
	printf '{}' >"$d/config"
	config=$(put_blob "$1" "$d/config") payload=$(put_blob "$1" "$d/payload") signature=$(base64 -w0 "$d/signature")
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json",%s},"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json",%s,"annotations":{"dev.cosignproject.cosign/signature":"%s"}}]}' \
		"$config" "$payload" "$signature" >"$d/manifest"
	curl -sf --cacert "$SUITE/tls/ca.crt" -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$d/manifest" \
		"https://$REGISTRY_OPEN/v2/$1/manifests/${2/:/-}.sig" >&2
}

@test "reject, accept, and scopes from wide to narrow" {
	policy other.example '{"type":"insecureAcceptAnything"}'
	c pull -q "$BUSYBOX"
	fails 125 "rejected by the policy $POLICY"
	local scope
	for scope in "$REGISTRY_OPEN" "$BUSYBOX" "$BUSYBOX:latest" ""; do
		policy "$scope" '{"type":"insecureAcceptAnything"}'
		c pull -q "$BUSYBOX"
		ok
	done
	policy "$REGISTRY_OPEN/busy" '{"type":"insecureAcceptAnything"}'
	c pull -q "$BUSYBOX"
	fails 125 "rejected"
}

@test "what cannot be read or checked refuses" {
	policy "$REGISTRY_OPEN" '{"type":"signedBy","keyType":"GPGKeys","keyPath":"/x"}'
	c pull -q "$BUSYBOX"
	fails 125 "signedBy"
	policy "$REGISTRY_OPEN" '{"type":"sigstoreSigned","fulcio":{}}'
	c pull -q "$BUSYBOX"
	fails 125 "fulcio"
	policy "$REGISTRY_OPEN" ''
	c pull -q "$BUSYBOX"
	fails 125 "empty"
	echo '{"default":' >"$POLICY"
	c pull -q "$BUSYBOX"
	fails 125 "$POLICY"
	[ -z "$("$CORACLE" images -q)" ] || no "pulled"
}

@test "sigstore: unsigned, signed, wrong key, wrong name, wrong image" {
	local d=$BATS_TEST_TMPDIR image=$REGISTRY_OPEN/signed$BATS_TEST_NUMBER digest repo
	repo=${image#*/}
	openssl ecparam -name prime256v1 -genkey -noout -out "$d/key"
	openssl ec -in "$d/key" -pubout -out "$d/key.pub" 2>/dev/null
	openssl ecparam -name prime256v1 -genkey -noout -out "$d/other"
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	c push -q --digestfile "$d/digest" "$BUSYBOX" "$image"
	ok
	digest=$(cat "$d/digest")
	policy "$image" '{"type":"sigstoreSigned","keyPath":"'"$d/key.pub"'","signedIdentity":{"type":"matchRepository"}}'
	c pull -q "$image"
	fails 125 "not signed"
	sign "$repo" "$digest" "$image" "$d/other"
	c pull -q "$image"
	fails 125 "no signature is by a key"
	sign "$repo" "$digest" "$BUSYBOX" "$d/key"
	c pull -q "$image"
	fails 125 "is for the name $BUSYBOX"
	sign "$repo" "$digest" "$image" "$d/key"
	c pull -q "$image"
	ok
	c rmi "$image"
	# By default a tag must be the one that was signed; a digest needs no tag.
	policy "$image" '{"type":"sigstoreSigned","keyData":"'"$(base64 -w0 "$d/key.pub")"'"}'
	c pull -q "$image"
	fails 125 "is for the name"
	c pull -q "$image@$digest"
	ok
	# A signature of another image under this one's tag.
	sed -i "s/$digest/sha256:$(printf 0%.0s {1..64})/" "$d/sign/payload"
	c rmi "$image@$digest"
	openssl dgst -sha256 -sign "$d/key" -out "$d/sign/signature" "$d/sign/payload"
	local old=$digest payload
	payload=$(put_blob "$repo" "$d/sign/payload")
	jq -c --arg s "$(base64 -w0 "$d/sign/signature")" --argjson p "{$payload}" \
		'.layers[0] += $p | .layers[0].annotations["dev.cosignproject.cosign/signature"] = $s' "$d/sign/manifest" >"$d/sign/m2"
	curl -sf --cacert "$SUITE/tls/ca.crt" -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$d/sign/m2" \
		"https://$REGISTRY_OPEN/v2/$repo/manifests/${old/:/-}.sig" >&2
	c pull -q "$image@$old"
	fails 125 "another image"
}

# TRANSPORT SCOPE REQUIREMENT
archive_policy() { printf '{"default":[{"type":"reject"}],"transports":{"%s":{"%s":[{"type":"%s"}]}}}' "$1" "$2" "$3" >"$POLICY"; }

@test "archives: each transport with its scopes, root file systems, pipes" {
	local d=$BATS_TEST_TMPDIR/images f place
	mkdir "$d"
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	for f in docker-archive oci-archive oci-dir docker-dir; do "$CORACLE" save -q --format "$f" -o "$d/$f" "$BUSYBOX"; done
	tar -C "$d/oci-dir" -cf "$d/root.tar" .
	printf '{"default":[{"type":"reject"}]}' >"$POLICY"
	for f in docker-archive oci-archive oci-dir docker-dir; do c load -q -i "$d/$f"; fails 125 "rejected by the policy $POLICY"; done
	c import -q "$d/root.tar" rootfs; fails 125 "rejected by the policy $POLICY"
	archive_policy docker-archive "" insecureAcceptAnything
	c load -q -i "$d/docker-archive"; ok
	c load -q -i "$d/oci-archive"; fails 125 "oci-archive:$d/oci-archive is rejected"
	for place in "$d/oci-archive" "$d" "${d%/*}" ""; do
		archive_policy oci-archive "$place" insecureAcceptAnything
		c load -q -i "$d/../images/oci-archive"; ok
	done
	archive_policy oci-archive "$d/oci" insecureAcceptAnything
	c load -q -i "$d/oci-archive"; fails 125 "rejected"
	archive_policy oci "$d" insecureAcceptAnything
	c load -q -i "$d/oci-dir"; ok
	archive_policy dir "$d" insecureAcceptAnything
	c load -q -i "$d/docker-dir"; ok
	archive_policy tarball "" insecureAcceptAnything
	c import -q "$d/root.tar" rootfs; ok
	archive_policy docker-archive "" sigstoreSigned
	c load -q -i "$d/docker-archive"; fails 125 "wants sigstoreSigned for docker-archive"
	# A pipe has no path: only the whole transport's list, or the default one, is for it.
	archive_policy oci-archive "$d" insecureAcceptAnything
	status=0; output=$("$CORACLE" load -q <"$d/oci-archive" 2>&1) || status=$?
	fails 125 "rejected"
	archive_policy oci-archive "" insecureAcceptAnything
	"$CORACLE" load -q <"$d/oci-archive"
}
