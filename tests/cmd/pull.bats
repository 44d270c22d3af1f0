# pull.bats - images from registries, good and bad ones.

load helper

setup() {
	fresh_store
	export HOSTILE=$BATS_TEST_TMPDIR/hostile
	mkdir -p "$HOSTILE"
}

teardown() {
	[ ! -e "$HOSTILE/pid" ] || kill "$(cat "$HOSTILE/pid")" 2>/dev/null || :
	remove_tree "$CORACLE_ROOT"
}

pull() { c pull -q --retry-delay 50ms "$@"; }

@test "the image ID is on stdout, progress on stderr" {
	cs pull "$BUSYBOX"
	ok
	[[ $output =~ ^[0-9a-f]{64}$ ]] || no "not an ID"
	[[ $stderr == *"Trying to pull $BUSYBOX:latest..."*"Writing manifest to image destination"* ]] || no "no progress"
	cs pull -q "$BUSYBOX"
	ok
	[ -z "$stderr" ] || no "not quiet"
	assert_clean
}

@test "credentials: none, wrong, --creds, --authfile, REGISTRY_AUTH_FILE" {
	local image=$REGISTRY_AUTH/private/busybox:1 file=$BATS_TEST_TMPDIR/auth.json
	pull "$image"
	fails 125 "--creds"
	pull --creds user:wrong "$image"
	fails 125 "unauthorized"
	pull --creds user:secret "$image"
	ok
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY_AUTH" "$(printf user:secret | base64)" >"$file"
	pull --authfile "$file" "$image"
	ok
	REGISTRY_AUTH_FILE=$file pull "$image"
	ok
	mkdir -p "$XDG_RUNTIME_DIR/containers"
	cp "$file" "$XDG_RUNTIME_DIR/containers/auth.json"
	pull "$image"
	ok
	echo '{' >"$file"
	pull --authfile "$file" "$image"
	fails 125 "$file"
}

@test "certificates: unknown authority, --cert-dir, certs.d, --tls-verify=false" {
	export SSL_CERT_FILE= XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	pull "$BUSYBOX"
	fails 125 "--cert-dir"
	pull --cert-dir "$SUITE/tls/certs" "$BUSYBOX"
	ok
	pull --tls-verify=false "$BUSYBOX"
	ok
	mkdir -p "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY_OPEN"
	cp "$SUITE/tls/ca.crt" "$XDG_CONFIG_HOME/containers/certs.d/$REGISTRY_OPEN/ca.crt"
	pull "$BUSYBOX"
	ok
}

@test "clear errors for names, hosts and options" {
	pull "$REGISTRY_OPEN/nothere"
	fails 125 "manifest unknown"
	pull localhost:1/x
	fails 125 "localhost:1"
	pull UPPER
	fails 125 "lower case"
	pull --policy never "$BUSYBOX"
	fails 125 "image not known"
	pull -a "$BUSYBOX:latest"
	fails 125 "--all-tags"
	pull --platform a/b/c/d "$BUSYBOX"
	fails 125 "OS/ARCH"
	pull --platform linux/mips "$BUSYBOX"
	fails 125 "linux/mips"
	assert_clean
}

@test "a present image costs one HEAD request" {
	hostile
	pull "$BAD/good"
	ok
	: >"$HOSTILE/requests"
	pull "$BAD/good"
	ok
	[ "$(grep -c . "$HOSTILE/requests")" = 1 ] || no "$(cat "$HOSTILE/requests")"
	grep -q '"HEAD"' "$HOSTILE/requests" || no "no HEAD"
	: >"$HOSTILE/requests"
	pull --policy missing "$BAD/good"
	ok
	[ ! -s "$HOSTILE/requests" ] || no "--policy missing asked"
}

@test "bad answers are refused and leave nothing" {
	hostile
	local bad
	for bad in wrong-bytes size-small bomb not-a-layer deep huge not-json schema1 no-platform endless-manifest endless \
		wrong-manifest many-layers headers loop downgrade busy-long dead denied bad-challenge plain-realm missing-blob; do
		pull "$BAD/$bad"
		fails 125 "Error: "
		[ "${#lines[@]}" = 1 ] || no "$bad: more than one line"
		[[ $output != *$'\033'* ]] || no "$bad: control characters"
		assert_clean
		[ -z "$(ls "$CORACLE_ROOT/partial" 2>/dev/null)" ] || no "$bad: a beginning was kept"
	done
}

# bats test_tags=plain
@test "a layer that inflates to much more than it is takes no memory" {
	hostile
	status=0
	output=$(prlimit --data=100000000 "$CORACLE" pull -q --cert-dir "$SUITE/tls/certs" "$BAD/bomb" 2>&1) || status=$?
	fails 125 "DiffID mismatch"
	assert_clean
}

@test "a transfer that always breaks ends with an error and keeps its beginning only" {
	hostile
	pull --retry 2 "$BAD/always-cut"
	fails 125 "also when tried again"
	assert_clean
	[ -z "$("$CORACLE" images -q)" ] || no "an image"
}

@test "busy and broken servers are asked again, broken transfers go on" {
	hostile
	local ill
	for ill in busy ill cut cut-no-range token token-expires strict expiring no-range; do
		remove_tree "$CORACLE_ROOT"
		pull "$BAD/$ill"
		ok
		assert_clean
	done
	grep '/cut/' "$HOSTILE/requests" | grep -q '"bytes=' || no "no Range was used"
}

@test "credentials do not follow a redirect to another host" {
	hostile
	pull "$BAD/away"
	ok
	grep '"elsewhere": true' "$HOSTILE/requests" | grep -q '"authorization": false' || no "not redirected"
	! grep '"elsewhere": true' "$HOSTILE/requests" | grep -q '"authorization": true' || no "credentials went along"
}

@test "a killed pull goes on where it was" {
	hostile
	"$CORACLE" pull -q "$BAD/slow" >/dev/null 2>&1 3>&- &
	local pid=$!
	eventually sh -c "[ \"\$(stat -c %s $CORACLE_ROOT/partial/* 2>/dev/null || echo 0)\" -gt 9000000 ]"
	kill -KILL $pid
	wait $pid || :
	: >"$HOSTILE/requests"
	pull "$BAD/slow"
	ok
	grep -q '"bytes=' "$HOSTILE/requests" || no "no Range: $(cat "$HOSTILE/requests")"
	assert_clean
}

@test "SIGTERM leaves no staging and ends by the signal" {
	hostile
	"$CORACLE" pull -q "$BAD/slow" >/dev/null 2>&1 3>&- &
	local pid=$! status=0
	eventually sh -c "[ \"\$(stat -c %s $CORACLE_ROOT/partial/* 2>/dev/null || echo 0)\" -gt 9000000 ]"
	kill -TERM $pid
	wait $pid || status=$?
	[ "$status" = 143 ] || no "status"
	assert_clean
}
