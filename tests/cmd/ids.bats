# ids.bats - which user is who: with subordinate ids, without them, and under --userns.

load helper

# COMMAND...: as a user without subordinate ids (the session may not gain privileges, so newuidmap cannot work).
one_id() { run --separate-stderr setpriv --no-new-privs "$CORACLE" "$@"; }

setup() {
	fresh_store
}

teardown() {
	remove_tree "$CORACLE_ROOT"
}

@test "one id: an image is pulled, run, and removed; one line says why" {
	one_id pull -q "$BUSYBOX"
	ok
	one_id run --rm --network none "$BUSYBOX" id -u
	ok
	says 0
	[ "${#stderr_lines[@]}" -eq 1 ] || no "not one line"
	[[ $stderr == *"single user id"*"no_new_privs"* ]] || no "no reason"
	one_id rmi "$BUSYBOX"
	ok
	assert_clean
	[ -z "$(ls "$CORACLE_ROOT/layers")" ]
}

@test "one id: -q silences the note, and commands that need no ids do not have it" {
	one_id pull -q "$BUSYBOX"
	for c in "ps -a" images "volume ls" "run -q --rm --network none $BUSYBOX true"; do
		one_id $c
		ok
		[ -z "$stderr" ] || no "$c says something"
	done
}

@test "one id: another user is an error that names the way out, and the way works" {
	one_id pull -q "$BUSYBOX"
	one_id run -q --rm --network none -u alice "$BUSYBOX" id
	[ "$status" -ne 0 ]
	[[ $stderr == *"--userns=keep-id:uid=1000,gid=1000"* ]] || no "no remedy"
	one_id run -q --rm --network none --userns=keep-id:uid=1000,gid=1000 "$BUSYBOX" sh -c 'id -un; touch /x; stat -c %u /x /bin'
	ok
	says $'alice\n1000\n1000'
	one_id run -q --rm --network none --userns=keep-id "$BUSYBOX" id -u
	ok
	says "$(id -u)"
	assert_clean
}

@test "one id: volumes are filled, and :U and :O work" {
	mkdir "$BATS_TEST_TMPDIR/d"
	one_id pull -q "$LAYERS"
	one_id run -q --rm --network none -u 0 -v v:/vol -v "$BATS_TEST_TMPDIR/d:/d:U" -v "$BATS_TEST_TMPDIR:/o:O" \
		--entrypoint sh "$LAYERS" -c 'cat /vol/seed; touch /o/x; stat -c %u /d /vol/seed'
	ok
	says $'seed\n0\n0'
	[ ! -e "$BATS_TEST_TMPDIR/x" ]
}

@test "a store with subordinate ids can be used and removed without them, or says why not" {
	c pull -q "$BUSYBOX"
	one_id run -q --rm --network none "$BUSYBOX" id -u
	says 0
	one_id rmi "$BUSYBOX"
	[ "$status" -eq 0 ] || [[ $stderr == Error:* ]]
	c rmi -f "$BUSYBOX"
	ok
	assert_clean
}

@test "a store made with one id goes on with subordinate ids" {
	one_id pull -q "$BUSYBOX"
	cs run --rm --network none -u alice "$BUSYBOX" id -un
	ok
	says alice
	c rmi "$BUSYBOX"
	ok
}

# An image whose files belong to others than root.
push_owned() {
	source "$CORACLE_SRC/tests/cmd/registry.bash"
	source "$CORACLE_SRC/tests/cmd/images.bash"
	python3 - "$BATS_TEST_TMPDIR/owned.tar" <<'P'
import io, sys, tarfile
t = tarfile.open(sys.argv[1], "w")
def add(name, uid, gid, mode, data=b"x", kind=tarfile.REGTYPE):
    i = tarfile.TarInfo(name)
    i.uid, i.gid, i.mode, i.type, i.size = uid, gid, mode, kind, len(data)
    t.addfile(i, io.BytesIO(data))
add("home/alice", 1000, 1000, 0o500, b"", tarfile.DIRTYPE)
add("home/alice/secret", 1000, 50, 0o040, b"alice's\n")
add("home/alice/setuid", 5, 7, 0o6755)
add("far", 200000, 200000, 0o4755)
t.close()
P
	cp -r "$SUITE/images" "$BATS_TEST_TMPDIR/images"
	umoci tag --image "$BATS_TEST_TMPDIR/images:busybox" owned
	image_add_layers "$BATS_TEST_TMPDIR/images" owned "$BATS_TEST_TMPDIR/owned.tar"
	registry_push "$BATS_TEST_TMPDIR/images:owned" "$REGISTRY_OPEN/owned:latest"
	OWNED=$REGISTRY_OPEN/owned
}

@test "owners that one id could not set are there with subordinate ids, without a new pull" {
	push_owned
	one_id pull -q "$OWNED"
	ok
	one_id run -q --rm --network none "$OWNED" stat -c '%u:%g %a' /home/alice /home/alice/secret /home/alice/setuid
	says $'0:0 700\n0:0 440\n0:0 755'
	for i in 1 2; do
		c run --rm --pull=never --network none "$OWNED" stat -c '%u:%g %a' /home/alice /home/alice/secret /home/alice/setuid /far
		ok
		says $'1000:1000 500\n1000:50 40\n5:7 6755\n0:0 755'
	done
	c run --rm --network none -u 1000:50 "$OWNED" sh -c 'cd /home/alice && ls | wc -l'
	says 2
	c rmi "$OWNED"
	ok
	[ -z "$(ls "$CORACLE_ROOT/layers")" ]
}

@test "files of ids that are not there any more: a clear error, and a later command removes them" {
	c pull -q "$BUSYBOX"
	c run --network none --name a "$BUSYBOX" sh -c 'mkdir -m 700 /p && touch /p/x && chown -R 1000:1000 /p'
	ok
	one_id rm a
	[ "$status" -ne 0 ]
	[[ $stderr == *"subordinate ids"* ]] || no "no reason"
	c rmi -f "$BUSYBOX"
	ok
	assert_clean
}

@test "maps that overlay cannot show are shown by the fuse driver, whatever the store's" {
	c pull -q "$BUSYBOX"
	for u in --userns=keep-id --userns=nomap --userns=auto "--uidmap=0:1:10"; do
		c run --rm --network none "$u" -u 0 "$BUSYBOX" sh -c 'stat -c %u /bin/busybox; touch /made; stat -c %u /made'
		ok
		says $'0\n0'
	done
	c --storage-driver vfs run --rm --network none --userns=keep-id "$BUSYBOX" stat -c %u /bin/busybox
	ok
	says 0
	assert_clean
}

# outside NAME: the first host id and the number of ids of a running container, or of a command's output.
outside() { "$CORACLE" exec "$1" awk '{ print $2, $3; exit }' /proc/self/uid_map; }

@test "--userns auto: each container has ids of its own, until it is removed" {
	c pull -q "$BUSYBOX"
	for n in a b; do
		c run -d --network none --userns=auto --name $n "$BUSYBOX" sleep 1000
		ok
	done
	c create --network none --userns=auto:size=2000 --name made "$BUSYBOX" sleep 1000
	ok
	a=$(outside a) b=$(outside b)
	[ "$a" != "$b" ] || no "the same ids: $a"
	[ "${a#* }" -eq 1024 ] && [ "${b#* }" -eq 1024 ] || no "sizes: $a, $b"
	# Kept by a stopped container, and by one that was never started; given back by a removed one.
	c stop -t 0 a
	c run -d --network none --userns=auto --name d "$BUSYBOX" sleep 1000
	d=$(outside d)
	c start a made
	ok
	[ "$(outside a)" = "$a" ] || no "other ids after a start: $(outside a)"
	for n in "$a" "$b" "$(outside made)" "$d"; do
		seq "${n% *}" $((${n% *} + ${n#* } - 1))
	done | sort | uniq -d | grep . && no "ids of two containers"
	c rm -f -t 0 a
	c run -d --network none --userns=auto --name e "$BUSYBOX" sleep 1000
	[ "$(outside e)" = "$a" ] || no "the ids of a removed container are not used again"
	# Another that shares the ids of a running one.
	c run --rm --network none --userns=container:b "$BUSYBOX" awk '{ print $2, $3; exit }' /proc/self/uid_map
	says "$b"
	c run --rm --network none --userns=auto:size=65000 "$BUSYBOX" true
	fails 125 "no 65000 ids are left"
	c rm -f -t 0 -a
	assert_clean
}

@test "--userns auto: many at once get ids of their own; as many as the accounts need" {
	c pull -q "$BUSYBOX"
	for n in 1 2 3 4 5 6 7 8; do
		"$CORACLE" create --network none --userns=auto --name "m$n" "$BUSYBOX" sleep 1000 >/dev/null &
	done
	wait
	"$CORACLE" start m1 m2 m3 m4 m5 m6 m7 m8 >/dev/null
	firsts=$(for n in 1 2 3 4 5 6 7 8; do outside m$n; done | sort -u)
	[ "$(wc -l <<<"$firsts")" -eq 8 ] || no "not eight ranges: $firsts"
	c rm -f -t 0 -a
	# The user, and the accounts of the image: Debian's nobody (65534) does not count.
	c run --rm --network none --userns=auto -u 5000:6000 "$BUSYBOX" awk '{ print $3; exit }' /proc/self/uid_map
	says 6001
	assert_clean
}

@test "the image host takes every map" {
	c run --rm --network none --userns=keep-id host id -u
	ok
	says "$(id -u)"
	c run --rm --network none --userns=keep-id:uid=1000,gid=1001 host sh -c 'id -u; id -g'
	says $'1000\n1001'
	for u in nomap auto auto:size=1000; do
		c run --rm --network none --userns="$u" host sh -c 'id -u; touch /made && stat -c %u /made'
		ok
		says $'0\n0'
	done
	c run --rm --network none --uidmap 0:1:10 --uidmap 10:0:1 host sh -c 'id -u; touch /made'
	ok
	assert_clean
}

@test "the image host with nomap and auto, and without --rm, is refused before anything is made" {
	c run --network none --userns=nomap host true
	fails 125 "use --rm"
	c rm -f -a
	assert_clean
}

@test "-u by name, number and group" {
	c run --rm --network none -u nosuch host id
	fails 126 "unable to find user nosuch: no matching entries in passwd file"
	c run --rm --network none -u 0:nosuch host id
	fails 126 "unable to find group nosuch"
	c run --rm --network none -u 99999999 host id
	[ "$status" -ne 0 ]
	has "not in the container's id map"
	c run --rm --network none --userns=bogus host id
	fails 125 "--userns bogus"
}
