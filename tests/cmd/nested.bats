# nested.bats - coracle inside a coracle container, and as root: of a user namespace, as in a container.

load helper

setup() {
	fresh_store
	BUILD=$(dirname "$CORACLE")
}

teardown() {
	remove_containers
	remove_tree "$CORACLE_ROOT" "$XDG_RUNTIME_DIR"
}

# ARGUMENTS...: a container with our programs at /c, and with the settings of the sanitizers where the tests have some.
outer() { c run --rm --network none -v "$BUILD:/c:ro" ${ASAN_OPTIONS+-e ASAN_OPTIONS} ${UBSAN_OPTIONS+-e UBSAN_OPTIONS} "$@"; }

@test "nested with --privileged: the image host runs coracle, with and without a network" {
	for net in none slirp host; do
		outer --privileged host /c/coracle run --rm --network "$net" --rootfs / sh -c 'id -u; exit 7'
		[ "$status" -eq 7 ] || no "network $net"
		says 0
	done
	outer --privileged host /c/coracle run --rm --network none host id -u
	ok
	says 0
	assert_clean
}

@test "nested without --privileged: one line that names the remedy, and the remedy works" {
	outer host /c/coracle run --rm --network none --rootfs / true
	fails 125 "unmask="
	[ "${#lines[@]}" -eq 1 ] || no "not one line"
	outer --security-opt 'unmask=/proc/*' host /c/coracle run --rm --network none --rootfs / id -u
	ok
	says 0
	outer host /c/coracle run --rm --network none --pid host --rootfs / id -u
	ok
	says 0
	outer host /c/coracle run --rm --rootfs / true
	fails 125 "--network host or none"
	[ "${#lines[@]}" -eq 1 ] || no "not one line"
	assert_clean
}

# A root that has a C library and no more: that of this machine, as an image.
push_libc() {
	source "$CORACLE_SRC/tests/cmd/registry.bash"
	source "$CORACLE_SRC/tests/cmd/images.bash"
	# shellcheck disable=SC2046 # words are meant
	tar -chf "$BATS_TEST_TMPDIR/libc.tar" --transform 's|^/*||' -P $(ldd "$CORACLE" | grep -o '/[^ ]*' | sort -u)
	cp -r "$SUITE/images" "$BATS_TEST_TMPDIR/images"
	umoci tag --image "$BATS_TEST_TMPDIR/images:busybox" libc
	image_add_layers "$BATS_TEST_TMPDIR/images" libc "$BATS_TEST_TMPDIR/libc.tar"
	registry_push "$BATS_TEST_TMPDIR/images:libc" "$REGISTRY_OPEN/libc:latest"
	LIBC=$REGISTRY_OPEN/libc
}

@test "nested in a pulled image: a container in a container, and one line where it cannot be" {
	push_libc
	c pull -q "$LIBC"
	outer --privileged "$LIBC" /c/coracle run --rm --network none --rootfs / sh -c 'echo inner; exit 3'
	[ "$status" -eq 3 ] || no "not the program's status"
	says inner
	outer "$LIBC" /c/coracle run --rm --network none --rootfs / true
	fails 125 "unmask="
	[ "${#lines[@]}" -eq 1 ] || no "not one line"
	assert_clean
}

@test "root of a user namespace: pull, run, run -d, exec, rm, maps" {
	cat >"$BATS_TEST_TMPDIR/script" <<'S'
set -e
is() { [ "$1" = "$2" ] || { echo "$3: '$1' is not '$2'"; exit 1; }; }
"$CORACLE" pull -q "$BUSYBOX" >/dev/null
is "$("$CORACLE" run --rm "$BUSYBOX" id -u)" 0 "run with a network"
is "$("$CORACLE" run --rm --network none -u alice "$BUSYBOX" id -u)" 1000 "another user"
"$CORACLE" run -d --network none --name a "$BUSYBOX" sleep 100 >/dev/null
is "$("$CORACLE" exec -u alice a id -u)" 1000 exec
is "$("$CORACLE" ps --format '{{.Names}}')" a ps
"$CORACLE" rm -f -t 0 a >/dev/null
for map in --uidmap=0:1:2000 --userns=auto --userns=nomap --userns=keep-id; do
	out=$("$CORACLE" run --rm --network none $map -u 0 "$BUSYBOX" sh -c 'stat -c %u /bin/busybox; touch /x; stat -c %u /x' | xargs)
	is "$out" "0 0" "$map"
done
"$CORACLE" rmi "$BUSYBOX" >/dev/null
S
	run unshare --map-root-user --map-auto bash "$BATS_TEST_TMPDIR/script"
	ok
	says ""
	assert_clean
}
