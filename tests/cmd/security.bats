# What a hostile image or program must not get at.
load helper

teardown() { remove_containers; }

@test "the program has no descriptor but its three, and no way out by them" {
	c run --rm --network none busybox sh -c 'ls /proc/self/fd'; ok
	[ "$(grep -cvxE '[0-3]' <<<"$output")" = 0 ] || no "descriptors"
	run bash -c 'exec 9</etc; "$CORACLE" run --rm --network none busybox sh -c "ls -l /proc/1/fd" </dev/null'
	ok; lacks "/etc"
	run bash -c '"$CORACLE" run --rm -i --network none busybox ls / </'
	fails 125 "is a directory of the host"
}

@test "coracle's own file cannot be executed or written from inside" {
	c run --rm --network none busybox /proc/self/exe; fails 126
	c run --rm --network none busybox sh -c 'ls -l /proc/1/exe'; ok; lacks coracle
}

@test "links of the image do not lead outside when files and mount points are made" {
	r=$BATS_TEST_TMPDIR/root; mkdir -p "$r/bin" "$BATS_TEST_TMPDIR/victim"
	cp "$(command -v busybox)" "$r/bin/busybox"; ln -s busybox "$r/bin/sh"; ln -s busybox "$r/bin/ls"
	ln -s "$BATS_TEST_TMPDIR/victim" "$r/etc"; ln -s ../../../../../../../../../../../"$BATS_TEST_TMPDIR/victim" "$r/mnt"
	c run --rm --network none -v "$CORACLE_SRC/tests:/mnt/inside:ro" --rootfs "$r" ls /mnt/inside
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/victim")" ] || no "something was made outside"
	remove_tree "$r"
}

@test "CVE-2024-9676: a FIFO or a link in the place of passwd does not hold or fool the start" {
	r=$BATS_TEST_TMPDIR/root; mkdir -p "$r/bin" "$r/etc"
	cp "$(command -v busybox)" "$r/bin/busybox"; ln -s busybox "$r/bin/true"
	mkfifo "$r/etc/passwd"; ln -s /etc/shadow "$r/etc/group"
	run timeout 20 "$CORACLE" run --rm --network none --rootfs "$r" true
	ok
	run timeout 20 "$CORACLE" run --rm --network none -u nobody --rootfs "$r" true
	fails 126 "nobody"
	remove_tree "$r"
}

@test "kernel settings, devices and the host's files are out of reach" {
	c run --rm --network none busybox sh -c 'echo 1 >/proc/sys/kernel/panic; echo c >/proc/sysrq-trigger; cat /proc/kcore | head -c 1; mknod /dev/x b 8 0; mount -t tmpfs t /mnt; echo end' 
	ok; has end
	c run --rm --network none busybox sh -c 'touch /sys/x /proc/x 2>/dev/null || echo refused'; ok; says refused
	c run --rm --network none busybox sh -c 'mknod /tmp/x b 8 0 2>/dev/null || echo refused'; ok; says refused
	c run --rm --network none busybox sh -c 'mount -t tmpfs t /tmp 2>/dev/null || echo refused'; ok; says refused
}

@test "names with control characters move no cursor" {
	cs run --rm --network none busybox $'x\033[2Jy'; [ "$status" = 127 ]
	case "$stderr" in *$'\033'*) no "escape on the terminal" ;; esac
}

@test "the store and the run directory are the user's alone" {
	[ "$(stat -c %a "$XDG_RUNTIME_DIR/coracle")" = 700 ]
	"$CORACLE" run -d --name priv --network none busybox sleep 100 >/dev/null
	d=$CORACLE_ROOT/containers/$("$CORACLE" inspect -f '{{.Id}}' priv)
	[ "$(stat -c %a "$d/record.json" | cut -c2-)" = 00 ] || [ "$(stat -c %a "$d" | cut -c2-)" = 00 ] || no "record is readable by others"
}

@test "a joined container's processes cannot look into the one that starts there" {
	"$CORACLE" run -d --name joined "$BUSYBOX" sleep 100
	strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=prctl,clone3,open_tree "$CORACLE" run --rm --network none \
		--pid container:joined "$BUSYBOX" true
	# The process that is to be init is made by one that nobody can trace any more.
	awk '/PR_SET_DUMPABLE, SUID_DUMP_DISABLE/ { closed[$1] = 1 } /clone3\(/ { n++; if (closed[$1]) good++ } END { exit n != 1 || good != 1 }' \
		"$BATS_TEST_TMPDIR/trace" || no "$(cat "$BATS_TEST_TMPDIR/trace")"
	"$CORACLE" rm -f joined
}
