# mount_program.bats - coracle overlay under podman: its storage, with our mounts, on a real Debian.
#
# podman reads the program's standard error to its end, which a sanitizer keeps for its reports.
# bats file_tags=plain
load helper

setup_file() {
	local layout=$CORACLE_SRC/test-results/debian
	source "$CORACLE_SRC/tests/cmd/registry.bash"
	source "$CORACLE_SRC/tests/cmd/images.bash"
	if [ ! -e "$layout" ]; then
		mkdir -p "$CORACLE_SRC/test-results"
		rm -rf "$layout.new"
		TMPDIR=/tmp image_debian "$layout.new" || return 1
		mv "$layout.new" "$layout"
	fi
	registry_push "$layout:debian" "$REGISTRY_OPEN/debian:12"
	export DEBIAN=$REGISTRY_OPEN/debian:12
}

setup() {
	local what
	for what in oci overlay; do
		printf '#!/bin/sh\nexec %s %s "$@"\n' "$CORACLE" $what >"$BATS_TEST_TMPDIR/coracle-$what"
		chmod +x "$BATS_TEST_TMPDIR/coracle-$what"
	done
	export HOME=$BATS_TEST_TMPDIR
	mkdir "$BATS_TEST_TMPDIR/podman-run"
	export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/podman-run
}

teardown() {
	podman_ rm -f -a >/dev/null 2>&1 || :
	podman_ umount -a >/dev/null 2>&1 || :
	# podman leaves a process that keeps its namespaces.
	kill "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")" 2>/dev/null || :
	remove_tree "$BATS_TEST_TMPDIR/store"
}

podman_() {
	podman --root "$BATS_TEST_TMPDIR/store" --runroot "$BATS_TEST_TMPDIR/prun" --storage-driver overlay \
		--storage-opt "overlay.mount_program=$BATS_TEST_TMPDIR/coracle-overlay" \
		--runtime "$BATS_TEST_TMPDIR/coracle-oci" --cgroup-manager cgroupfs --events-backend none "$@"
}

@test "podman pulls, builds and runs a Debian on it" {
	local how=(--ulimit nofile=1000:1000 --ulimit nproc=1000:1000 --network none)
	podman_ pull -q --tls-verify=false "$DEBIAN" >/dev/null
	output=$(podman_ run --rm "${how[@]}" "$DEBIAN" sh -c 'grep " / " /proc/mounts; stat -c "%a %U:%G" /etc/shadow /usr/bin/su; dpkg --verify')
	[[ $output = "coracle / fuse"*$'\n640 root:shadow\n4755 root:root'* ]] || no "another root"
	[ -z "$(tail -n +4 <<<"$output" | grep -vE ' (c )?/usr/share/(doc|man|locale|info)/')" ] || no "differs"
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir ctx
	cat >ctx/Containerfile <<-E
		FROM $DEBIAN
		RUN printf 'int main(void) { return 42; }' >/a.c && gcc -o /usr/bin/answer /a.c && rm /a.c && mv /usr/share/perl5 /usr/share/perl6
		RUN chown 7:8 /usr/bin/answer && chmod 2755 /usr/bin/answer && rm -r /usr/share/common-licenses && mkdir /usr/share/common-licenses
	E
	podman_ build -q --isolation chroot -t built ctx >/dev/null
	status=0
	podman_ run --rm "${how[@]}" built answer || status=$?
	[ "$status" = 42 ]
	output=$(podman_ run --rm "${how[@]}" built sh -c 'stat -c "%a %u:%g" /usr/bin/answer; ls -A / | grep -c a.c; ls /usr/share/common-licenses; ls -d /usr/share/perl?')
	says $'2755 7:8\n0\n/usr/share/perl6'
}
