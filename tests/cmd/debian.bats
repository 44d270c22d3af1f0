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

# A package whose files and script want other owners, installed from a local file.
make_package() {
	mkdir -p "$1/DEBIAN" "$1/srv/own"
	printf 'Package: own\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: x\n' >"$1/DEBIAN/control"
	printf '%s\n' '#!/bin/sh' 'set -e' 'addgroup --system --gid 777 owned >/dev/null' \
		'adduser --system --uid 777 --gid 777 --no-create-home owned >/dev/null' \
		'chown owned:owned /srv/own/given' 'chgrp mail /srv/own/mailed' 'chmod 2755 /srv/own/mailed' >"$1/DEBIAN/postinst"
	chmod 755 "$1/DEBIAN/postinst"
	echo a >"$1/srv/own/given"; echo b >"$1/srv/own/mailed"; echo c >"$1/srv/own/packed"
	dpkg-deb --root-owner-group --build "$1" "$1.deb" >/dev/null
}

@test "with one id: apt-get install works on every driver, and the owners are in the committed layer" {
	make_package "$BATS_TEST_TMPDIR/own"
	one=(setpriv --no-new-privs "$CORACLE" --root "$BATS_TEST_TMPDIR/one")
	"${one[@]}" pull -q "$DEBIAN"
	for driver in overlay fuse vfs; do
		run "${one[@]}" --storage-driver $driver run -q --name a --network none -v "$BATS_TEST_TMPDIR/own.deb:/own.deb:ro" "$DEBIAN" \
			sh -c 'apt-get install -y /own.deb && dpkg --verify own && tar -C /srv -cf - own | tar -C /tmp -xf - && su -s /bin/sh mail -c id'
		ok; has "uid=8(mail)"
		output=$("${one[@]}" --storage-driver $driver export a | tar -tv --numeric-owner srv/own | awk '{ print $1, $2, $NF }')
		says $'drwxr-xr-x 0/0 srv/own/\n-rw-r--r-- 777/777 srv/own/given\n-rwxr-sr-x 0/8 srv/own/mailed\n-rw-r--r-- 0/0 srv/own/packed'
		[ $driver = overlay ] || { "${one[@]}" rm a; continue; }
		"${one[@]}" commit -q a "$REGISTRY_OPEN/with-own:1"
		"${one[@]}" push -q "$REGISTRY_OPEN/with-own:1"
		"${one[@]}" rm a
	done
	remove_tree "$BATS_TEST_TMPDIR/one"
	c pull -q "$REGISTRY_OPEN/with-own:1"; ok
	c run --rm "$REGISTRY_OPEN/with-own:1" stat -c '%U:%G %a' /srv/own/given /srv/own/mailed /srv/own/packed /var/mail
	says $'owned:owned 644\nroot:mail 2755\nroot:root 644\nroot:mail 2775'
	c rmi "$REGISTRY_OPEN/with-own:1"; ok
}
