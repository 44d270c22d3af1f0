# debian.bats - a real Debian of several layers, 300 MB and more, pulled and used.
load helper

# Made once for the plain and the sanitizer run: it takes a minute.
setup_file() {
	local layout=$CORACLE_SRC/test-results/debian
	source "$CORACLE_SRC/tests/cmd/registry.bash"
	source "$CORACLE_SRC/tests/cmd/images.bash"
	if [ ! -e "$layout" ]; then
		mkdir -p "$CORACLE_SRC/test-results"
		rm -rf "$layout.new"
		# mmdebstrap's subordinate ids must be able to reach it.
		TMPDIR=/tmp image_debian "$layout.new" || return 1
		mv "$layout.new" "$layout"
	fi
	registry_push "$layout:debian" "$REGISTRY_OPEN/debian:12"
	export CORACLE_ROOT=$BATS_FILE_TMPDIR/store DEBIAN=$REGISTRY_OPEN/debian:12
	"$CORACLE" pull -q "$DEBIAN"
}

teardown_file() { remove_tree "$BATS_FILE_TMPDIR/store"; }

@test "it is big, of several layers, and listed so" {
	c image inspect "$DEBIAN" --format '{{len .RootFS.Layers}} {{gt .Size 300000000}}'; says "3 true"
}

@test "python3 runs, and a program is compiled and runs" {
	c run --rm "$DEBIAN" python3 -c 'import hashlib, sys; print(sys.version_info[0])'; says 3
	output=$(printf '#include <stdio.h>\nint main(void) { puts("compiled"); return 7; }\n' |
		"$CORACLE" run -i --rm "$DEBIAN" sh -c 'gcc -x c -o /tmp/a - && /tmp/a; echo $?')
	says $'compiled\n7'
}

@test "dpkg finds every file as its package has it" {
	c run --rm "$DEBIAN" dpkg --verify; ok
	# Documentation and caches may be left out of an image; nothing else may differ.
	[ -z "$(grep -vE ' (c )?/usr/share/(doc|man|locale|info)/' <<<"$output")" ] || no "differs"
	c run --rm "$DEBIAN" sh -c 'dpkg -S /bin/su; dpkg --audit'; has "su"
}

@test "owners, modes and links are the package's" {
	c run --rm "$DEBIAN" stat -c '%a %U:%G' /usr/bin/su /etc/shadow /usr/bin/chage /tmp /var/mail
	says $'4755 root:root\n640 root:shadow\n2755 root:shadow\n1777 root:root\n2775 root:mail'
	c run --rm "$DEBIAN" sh -c 'test -L /bin && test /usr/bin/perl -ef /usr/bin/perl5.36.0 && echo linked'; says linked
}
