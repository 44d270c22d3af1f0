# doctor.bats - what lacks is found by trying, with what it costs and what mends it.

load helper

setup() {
	fresh_store
	BUILD=$(dirname "$CORACLE")
}

teardown() {
	remove_containers
	remove_tree "$CORACLE_ROOT" "$XDG_RUNTIME_DIR" ${OPEN+"$OPEN"}
}

# [COMMAND...]: doctor --json run by it; $status and $output.
doctor() {
	status=0
	output=$("$@" "$CORACLE" doctor --json 2>&1) || status=$?
}

# NAME: "status|command|who" of that trial.
trial() {
	jq -r --arg n "$1" '.checks[] | select(.name == $n) | .status + "|" + (.remedy.command // "") + "|" + (.remedy.who // "")' \
		<<<"$output"
}

# NAME PATTERN
finds() { [[ $(trial "$1") == $2 ]] || no "$1 is $(trial "$1")"; }

@test "doctor: an ordinary user can run containers, and every lack has a cost" {
	doctor env
	ok
	[ "$(jq -r .ok <<<"$output")" = true ] || no "ok"
	[ "$(jq -r '[.checks[].name] | join(" ")' <<<"$output")" = "user-namespaces proc-mount subordinate-ids id-helpers store \
file-system space overlay fuse runtime-dir tun resolv-conf ping low-ports cgroups lingering seccomp landlock open-files programs \
start" ] || no "names"
	for n in user-namespaces proc-mount subordinate-ids id-helpers store file-system fuse tun seccomp programs start; do
		finds "$n" "ok||"
	done
	[ "$(jq '[.checks[] | select(.status == "ok" and (.cost != "" or .remedy)), select(.status != "ok" and .cost == ""),
		select(.found == "")] | length' <<<"$output")" = 0 ] || no "costs"
	assert_clean
}

@test "doctor: text for people, colours on a terminal only and not with NO_COLOR" {
	cs doctor
	ok
	has "ok       start            a container of the image host ran"
	has "Containers can be run."
	lacks $'\033'
	output=$(TERM=xterm script -qec "$CORACLE doctor" /dev/null </dev/null)
	has $'\033[32mok'
	output=$(NO_COLOR=1 TERM=xterm script -qec "$CORACLE doctor" /dev/null </dev/null)
	lacks $'\033'
	cs doctor extra
	fails 125 "takes at most 0 arguments"
}

@test "doctor: one id only is a lack, with the command that grants more" {
	doctor unshare --user --map-current-user
	ok
	finds subordinate-ids "lacking|usermod --add-subuids *-* --add-subgids *-* coracle-test|administrator"
	finds id-helpers "ok||"
	finds start "ok||"
}

@test "doctor: no user namespaces is a failure, with the setting" {
	status=0
	output=$(unshare --map-root-user sh -c 'echo 1 >/proc/sys/user/max_user_namespaces &&
		exec unshare --user --map-user=1000 --map-group=1000 "$CORACLE" doctor --json') || status=$?
	fails 1
	[ "$(jq -r .ok <<<"$output")" = false ] || no "ok"
	finds user-namespaces "failed|sysctl -w user.max_user_namespaces=15000|administrator"
	finds start "failed||"
}

@test "doctor: in a container without devices and with a masked /proc" {
	c run --rm --network none -v "$BUILD:/c:ro" ${ASAN_OPTIONS+-e ASAN_OPTIONS} ${UBSAN_OPTIONS+-e UBSAN_OPTIONS} \
		host /c/coracle doctor --json
	fails 1
	finds fuse "lacking|podman run --device /dev/fuse *|user"
	finds tun "lacking|podman run --device /dev/net/tun *|user"
	finds proc-mount "failed|podman run --security-opt 'unmask=/proc/\**|user"
}

# Our own /etc and helpers: in a user namespace, as its user 1500, whom the copies grant ids that are there.
@test "doctor: helpers without their rights, too few ids, no name server" {
	cat >"$BATS_TEST_TMPDIR/script" <<'S'
set -e
cd "$OPEN"
mkdir -m 777 s r
chown 1500:1500 s r
echo coracle-test:x:1500:1500::/:/bin/sh >passwd
echo coracle-test:3000:1000 >sub
: >resolv
cp /usr/bin/newuidmap /usr/bin/newgidmap .
mount --bind passwd /etc/passwd
mount --bind sub /etc/subuid
mount --bind sub /etc/subgid
mount --bind resolv /etc/resolv.conf
mount --bind newuidmap /usr/bin/newuidmap
mount --bind newgidmap /usr/bin/newgidmap
export CORACLE_ROOT=$PWD/s XDG_RUNTIME_DIR=$PWD/r
as_user() { setpriv --reuid 1500 --regid 1500 --clear-groups "$@"; }
chmod 700 r
as_user "$CORACLE" doctor --json >without || echo $? >without.status
chmod u+s newuidmap newgidmap
as_user "$CORACLE" doctor --json >with || echo $? >with.status
S
	# Nobody else may enter the tests' own directory.
	export OPEN=$(mktemp -d /var/tmp/coracle-doctor.XXXXXX)
	chmod 755 "$OPEN"
	run unshare --map-root-user --map-auto --mount bash "$BATS_TEST_TMPDIR/script"
	ok
	output=$(cat "$OPEN/without")
	[ "$(cat "$OPEN/without.status")" = 1 ] || no "status"
	finds id-helpers "failed|chown root:root /usr/bin/newuidmap && chmod u+s /usr/bin/newuidmap|administrator"
	output=$(cat "$OPEN/with")
	[ ! -e "$OPEN/with.status" ] || no "status"
	finds id-helpers "ok||"
	finds subordinate-ids "lacking|usermod --add-subuids 100000-165535 --add-subgids 100000-165535 coracle-test|administrator"
	finds resolv-conf "lacking|coracle run --dns *|user"
}

@test "doctor: a full disk, and a store that cannot be made" {
	cat >"$BATS_TEST_TMPDIR/script" <<'S'
mount -t tmpfs -o size=300k,nr_inodes=200 tmpfs "$BATS_TEST_TMPDIR/t"
CORACLE_ROOT=$BATS_TEST_TMPDIR/t/s exec "$CORACLE" doctor --json
S
	mkdir "$BATS_TEST_TMPDIR/t"
	export BATS_TEST_TMPDIR
	status=0
	output=$(unshare --map-root-user --mount bash "$BATS_TEST_TMPDIR/script") || status=$?
	fails 1
	finds space "failed|coracle system prune|user"
	CORACLE_ROOT=/proc/nowhere doctor env
	fails 1
	finds store "failed|*|*"
	finds space "failed|*|*"
	finds user-namespaces "ok||"
}
