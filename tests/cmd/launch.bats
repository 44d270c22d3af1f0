# Starts by launch() alone (tests/unit/launch_tool.c): no image, store or network.

load helper

setup_file() {
	export root=$BATS_FILE_TMPDIR/root
	mkdir -p "$root/bin" "$root/opt/dir"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for a in sh id cat ls true touch stty tty sleep grep mount hostname env ps; do
		ln -s busybox "$root/bin/$a"
	done
}

# Dead, whether or not somebody has reaped it.
gone() { ! grep -q "^State:[[:space:]]*[^ZX]" "/proc/$1/status" 2>/dev/null; }

launch() { "$CORACLE_BUILD/launch_tool" "$@"; }

@test "launch: exit status and output are the program's" {
	run launch "$root" sh -c 'echo out; exit 42'
	[ "$status" = 42 ]
	[ "$output" = out ]
}

@test "launch: 127 for what is not there, 126 for what cannot be executed" {
	run -127 launch "$root" nosuch
	[ "$status" = 127 ]
	[[ $output == *"executable file 'nosuch' not found in \$PATH"* ]]
	run -127 launch "$root" /nosuch
	[ "$status" = 127 ]
	run launch "$root" /bin
	[ "$status" = 126 ]
	echo x >"$root/opt/dir/plain"
	run launch "$root" plain
	[ "$status" = 126 ]
	printf '#!/nosuch\n' >"$root/opt/dir/noint"
	chmod 755 "$root/opt/dir/noint"
	run -127 launch "$root" noint
	[ "$status" = 127 ]
	[[ $output == *interpreter* ]]
}

@test "launch: an image cannot make coracle execute itself" {
	cp "$CORACLE_BUILD/launch_tool" "$BATS_TEST_TMPDIR/own"
	printf '#!/proc/self/exe\n' >"$root/opt/dir/evil"
	chmod 755 "$root/opt/dir/evil"
	run "$BATS_TEST_TMPDIR/own" "$root" evil
	[ "$status" = 126 ]
	[[ $output == *"is a link of /proc"* ]]
}

@test "launch: all subordinate ids are mapped, one id where that is asked for" {
	run launch "$root" cat /proc/self/uid_map
	[ "$status" = 0 ]
	[ "$(wc -l <<<"$output")" = 2 ]
	run launch -1 "$root" sh -c 'id -u; cat /proc/self/uid_map'
	[ "$status" = 0 ]
	[ "$(wc -l <<<"$output")" = 2 ]
	run launch -1 -u 1000:1000 "$root" id
	[ "$status" = 125 ]
	[[ $output == *"single id"* ]]
}

@test "launch: keep-id shows the user as the same number" {
	id=$(id -u)
	run launch -k "$id:$id" -u "$id:$id" "$root" id -u
	[ "$status" = 0 ]
	[ "$output" = "$id" ]
}

@test "launch: a read-only root is one, and masked paths are empty" {
	run launch -r "$root" touch /x
	[ "$status" = 1 ]
	[[ $output == *"Read-only file system"* ]]
	run launch "$root" sh -c 'ls /sys/firmware; cat /proc/keys; echo 1 >/proc/sys/kernel/printk'
	[ "$status" != 0 ]
	[[ $output == *"can't create"* ]]
}

@test "launch: a terminal with its size, as /dev/console too" {
	run launch -t "$root" sh -c 'tty; stty size; test -c /dev/console && echo console'
	[ "$status" = 0 ]
	[[ $output == */dev/pts/0*33\ 99*console* ]]
}

@test "launch: binds and tmpfs, with errors that name the mount" {
	echo content >"$BATS_TEST_TMPDIR/file"
	run launch -v "$BATS_TEST_TMPDIR/file:/etc/f:bind,ro" -T /t:size=1m "$root" \
		sh -c 'cat /etc/f; echo x >/etc/f || echo ro; touch /t/x && echo rw'
	[[ $output == content*ro*rw ]]
	run launch -v /nosuch:/x "$root" true
	[ "$status" = 125 ]
	[[ $output == *"bind /nosuch at /x: No such file or directory"* ]]
	run launch -T /t:size=bad "$root" true
	[ "$status" = 125 ]
	[[ $output == *"Bad value for 'size'"* ]]
}

@test "launch: sysctls of the container's namespaces and no others" {
	run launch -s net.ipv4.ip_forward=1 "$root" cat /proc/sys/net/ipv4/ip_forward
	[ "$output" = 1 ]
	run launch -s kernel.panic=1 "$root" true
	[ "$status" = 125 ]
}

@test "launch: the pipe belongs to the program" {
	run bash -c "printf 'a\nb\n' | ('$CORACLE_BUILD/launch_tool' '$root' true; cat)"
	[ "$output" = $'a\nb' ]
	echo three >"$BATS_TEST_TMPDIR/three"
	run launch -l 1 "$root" sh -c 'cat <&3' 3<"$BATS_TEST_TMPDIR/three"
	[ "$output" = three ]
}

@test "launch: the container dies with its keeper" {
	"$CORACLE_BUILD/launch_tool" "$root" sleep 1017 3>&- &
	keeper=$!
	eventually pgrep -P "$keeper" -x sleep
	pid=$(pgrep -P "$keeper" -x sleep)
	kill -KILL "$keeper"
	eventually gone "$pid"
}

@test "launch: joining another container's namespaces" {
	"$CORACLE_BUILD/launch_tool" "$root" sleep 1018 3>&- &
	keeper=$!
	eventually pgrep -P "$keeper" -x sleep
	pid=$(pgrep -P "$keeper" -x sleep)
	run launch -j "$pid" "$root" ps
	kill -KILL "$keeper"
	[ "$status" = 0 ]
	[[ $output == *"sleep 1018"* ]]
}
