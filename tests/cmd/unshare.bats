# unshare.bats - the store's user namespace, and images mounted in it.

load helper

setup() { fresh_store; }
teardown() { remove_tree "$CORACLE_ROOT"; }

u() { c unshare "$@"; }

@test "a command as root of the store's ids, its status, its environment" {
	u sh -c 'id -u; echo $CORACLE_ROOT; echo $CONTAINERS_GRAPHROOT; exit 7'
	fails 7
	says "0"$'\n'"$CORACLE_ROOT"$'\n'"$CORACLE_ROOT"
	c unshare cat /proc/self/uid_map
	[ "$(awk '{ n += $3 } END { print n }' <<<"$output")" -gt 1 ]
	: >"$BATS_TEST_TMPDIR/file"
	u chown 5:6 "$BATS_TEST_TMPDIR/file"; ok
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/file")" != "$(id -u)" ]
	u stat -c %u:%g "$BATS_TEST_TMPDIR/file"; says 5:6
	u rm "$BATS_TEST_TMPDIR/file"; ok
	SHELL=/bin/echo u; ok; says ""
	u /nonexistent; fails 127 "/nonexistent"
	u "$BATS_TEST_TMPDIR"; fails 126 "$BATS_TEST_TMPDIR"
	u --rootless-netns true; fails 125 "--rootless-netns"
}

@test "images are mounted, listed, counted, unmounted, and gone with the namespace" {
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	"$CORACLE" pull -q "$LAYERS" >/dev/null
	[ "$("$CORACLE" info --format '{{.Store.GraphDriverName}}')" = overlay ] || skip "the overlay driver does not work here"
	c image mount "$BUSYBOX"; fails 125 "coracle unshare"
	cat >"$BATS_TEST_TMPDIR/inside" <<-'I'
	set -e
	at=$("$CORACLE" image mount "$LAYERS")
	[ "$(cat "$at/data/keep/three" "$at/data/changed")" = "three
	new" ]
	[ -z "$(ls "$at/opaque/hidden" 2>/dev/null)" ]
	if touch "$at/data/x" 2>/dev/null; then exit 1; fi
	[ "$("$CORACLE" image mount)" = "$LAYERS:latest  $at" ]
	[ "$("$CORACLE" image mount "$LAYERS")" = "$at" ]
	[ "$("$CORACLE" image mount --format json | jq -r '.[].mountpoint')" = "$at" ]
	id=$("$CORACLE" image unmount "$LAYERS")
	[ "${at##*/}" = "$id" ]
	[ -e "$at/data/keep/three" ]
	"$CORACLE" image umount "$LAYERS"
	[ -z "$(ls -d "$at" 2>/dev/null)" ]
	if "$CORACLE" image unmount "$LAYERS" 2>/dev/null; then exit 1; fi
	"$CORACLE" image mount -a | wc -l
	"$CORACLE" image mount "$BUSYBOX" "$LAYERS" | wc -l
	"$CORACLE" image unmount -f -a | wc -l
	[ -z "$("$CORACLE" image mount)" ]
	"$CORACLE" image mount "$BUSYBOX" >/dev/null
	I
	export CORACLE LAYERS BUSYBOX
	u sh "$BATS_TEST_TMPDIR/inside"; ok
	[ "${#lines[@]}" = 4 ] || no "other lines"
	[ "$(tail -n 3 <<<"$output")" = $'2\n2\n2' ] || no "not two"
	u "$CORACLE" image mount; ok; says ""
}
