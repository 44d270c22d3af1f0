# one_id.bats - root of a container with a single id: calls for other ids succeed, and owners are remembered (pretend.h).

load helper

# COMMAND...: as a user without subordinate ids (the session may not gain privileges, so newuidmap cannot work).
one_id() { run --separate-stderr setpriv --no-new-privs "$CORACLE" "$@"; }
one() { setpriv --no-new-privs "$CORACLE" "$@"; }

setup() { fresh_store; }

teardown() {
	remove_containers
	remove_tree "$CORACLE_ROOT"
}

# What a container's program does; without user attributes for links, which are remembered beside the tree.
CHANGES='
set -e
echo x >/f; chown 42:43 /f; chmod 4750 /f
mkdir /d; chown 1:2 /d; touch /d/in
ln -s f /l; chown -h 5:6 /l
mknod /null c 1 3; chgrp 9 /null
touch /back; chown 7:7 /back; chown 0:0 /back
echo y >/new; chown 8 /new; mv /new /renamed; ln /renamed /d/linked
chown 33:44 /etc/passwd
'
CHANGED='-rw-r--r-- 0/0 back
-rw-r--r-- 0/0 d/in
-rw-r--r-- 33/44 etc/passwd
-rw-r--r-- 8/0 d/linked
-rwsr-x--- 42/43 f
crw-r--r-- 0/9 null
drwxr-xr-x 1/2 d/
hrw-r--r-- 8/0 renamed
lrwxrwxrwx 5/6 l'

# stdin, a tar: modes, owners and names of what CHANGES made, sorted.
entries() {
	tar -tv --numeric-owner | awk '{ print $1, $2, $(NF-1) == "->" ? $(NF-2) : $1 ~ /^h/ ? $(NF-3) : $NF }' |
		grep -E ' (null|d/|renamed|l|back|d/in|d/linked|f|etc/passwd)$' | LC_ALL=C sort
}

@test "chown, mknod and the like succeed, are shown as what is stored, and are written into tars and layers" {
	one pull -q "$BUSYBOX"
	for driver in overlay fuse vfs; do
		one_id --storage-driver $driver run -q --cap-add MKNOD --network none --name a "$BUSYBOX" sh -c "$CHANGES stat -c %u:%g /f"
		ok; says 0:0
		output=$(one --storage-driver $driver export a | entries); says "$CHANGED"
		squash=; [ $driver != vfs ] || squash=--squash
		one_id --storage-driver $driver commit -q $squash a made; ok
		one_id --storage-driver $driver run -q --network none --name b made sh -c 'echo more >>/f; touch /d/in; rm /l; echo >/l'; ok
		# What is the image's still has its owner, what is new has not.
		output=$(one --storage-driver $driver export b | entries | grep -E ' (d/|f|l|null|renamed)$' | cut -d' ' -f2-)
		says $'0/0 l\n42/43 f\n0/9 null\n1/2 d/\n8/0 renamed'
		one_id --storage-driver $driver rm a b; ok
		one_id --storage-driver $driver rmi made; ok
	done
}

@test "a layer that was committed with one id, pushed, has its owners for who has more ids" {
	one pull -q "$BUSYBOX"
	one_id run -q --cap-add MKNOD --network none --name a "$BUSYBOX" sh -c "$CHANGES"; ok
	one_id commit -q a "$REGISTRY_OPEN/owned-by:many"; ok
	one_id push -q "$REGISTRY_OPEN/owned-by:many"; ok
	fresh_store
	c run --rm --network none "$REGISTRY_OPEN/owned-by:many" stat -c '%u:%g %a %n' /f /d /d/in /l /renamed /d/linked /etc/passwd
	ok
	says $'42:43 4750 /f\n1:2 755 /d\n0:0 644 /d/in\n5:6 777 /l\n8:0 644 /renamed\n8:0 644 /d/linked\n33:44 644 /etc/passwd'
}

@test "errors are the kernel's, and other mounts are not marked" {
	mkdir "$BATS_TEST_TMPDIR/d"; touch "$BATS_TEST_TMPDIR/d/f"
	one pull -q "$BUSYBOX"
	one_id run -q --rm --network none -v "$BATS_TEST_TMPDIR/d:/v" -v "$BATS_TEST_TMPDIR/d:/ro:ro" "$BUSYBOX" sh -c '
		chown 9 /nosuch; chown 9 /etc/passwd/x; chown 9 /ro/f; ln -s loop /loop; chown 9 /loop; chown 9 /v/f && echo fine
		ln -s /etc/hostname /abs; chown 9 /abs; cd /etc; chown 9 ../etc/passwd && chown 9 /proc/self/fd/1 && echo too'
	ok
	[ "$(grep -c . <<<"$stderr")" -eq 4 ] || no "not four errors"
	[[ $stderr == *"/nosuch: No such file"*"/etc/passwd/x: Not a directory"*"Read-only file system"*"loop"* ]] || no "other errors"
	says $'fine\ntoo'
	[ -z "$(getfattr -d -m - "$BATS_TEST_TMPDIR/d/f" 2>/dev/null)" ] || no "a volume's file is marked"
	# Who gave up the right for it, or all filters, has the kernel's answer.
	one_id run -q --rm --network none --cap-drop CHOWN "$BUSYBOX" chown 9 /etc/passwd; [ "$status" -eq 1 ]
	one_id run -q --rm --network none --security-opt seccomp=unconfined "$BUSYBOX" chown 9 /etc/passwd; [ "$status" -eq 1 ]
	one_id run -q --rm --network none --cap-drop MKNOD "$BUSYBOX" mknod /x c 1 3; [ "$status" -eq 1 ]
	# A chroot's links stay inside of it.
	one_id run -q --rm --network none "$BUSYBOX" sh -c 'mkdir -p /c/bin /c/etc; cp /bin/busybox /c/bin/chown; ln -s /etc/shadowed /c/l
		touch /c/etc/shadowed; chroot /c /bin/chown 9 /l && chroot /c /bin/chown -h 9 l && echo inside'
	says inside
}

@test "ids that were set are seen by the process and its children, and are given up for good" {
	one_id run -q --rm --network none host python3 -c '
import os
os.setgroups([7]); os.setresgid(5, 5, 5); os.setresuid(4, 4, 4)
print(os.getresuid(), os.getresgid(), os.getuid(), os.geteuid(), os.getgid(), os.getegid(), flush=True)
for f, a in ((os.setuid, (0,)), (os.setreuid, (0, 0)), (os.setresuid, (-1, 0, -1))):
    try: f(*a); print("back")
    except PermissionError: pass
if os.fork() == 0:
    print(os.getuid(), flush=True); os._exit(0)
os.wait()
if os.fork() == 0:
    os.execvp("id", ["id", "-u"])
os.wait()
'
	ok
	says $'(4, 4, 4) (5, 5, 5) 4 4 5 5\n4\n4'
	one pull -q "$BUSYBOX"
	one_id run -q --rm --network none "$BUSYBOX" sh -c 'su alice -c "id -u"; id -u'
	says $'1000\n0'
}

@test "exec: the same, also after its client has gone" {
	one pull -q "$BUSYBOX"
	one_id run -q -d --network none --name a "$BUSYBOX" sleep 1000; ok
	one_id exec a sh -c 'touch /f && chown 42 /f && id -u'; ok; says 0
	one_id exec -d a sh -c 'while ! [ -e /go ]; do sleep 0.1; done; touch /g; chown 43 /g; touch /done'; ok
	one_id exec a sh -c 'touch /go; while ! [ -e /done ]; do sleep 0.1; done'; ok
	output=$(one export a | tar -tv --numeric-owner f g | awk '{ print $2 }'); says $'42/0\n43/0'
	output=$(one cp a:/f - | tar -tv --numeric-owner | awk '{ print $2 }'); says 42/0
	one_id rm -f -t 0 a; ok
	assert_clean
}

@test "a container in it has the same answers" {
	one pull -q "$BUSYBOX"
	one_id run -q --rm --network none "$BUSYBOX" unshare -Ur sh -c 'touch /f; chown 42 /f && echo fine; id -u'
	ok; says $'fine\n0'
}
