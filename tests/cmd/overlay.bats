# overlay.bats - coracle overlay: mounts for other programs.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir low1 low2 up work m
	echo 1 >low1/one; echo 1 >low1/both; echo 1 >low1/gone
	echo 2 >low2/two; echo 2 >low2/both; : >low2/.wh.gone
}

# A SHELL LINE, as root of a user and mount namespace in which an overlay is mounted on m.
inside() {
	status=0
	output=$(unshare --map-root-user --mount sh -ec "'$CORACLE' overlay -o '$1' m
		$2
		umount m" 2>&1) || status=$?
}

@test "whiteouts of other tools, changes, and a mount that ends" {
	inside lowerdir=low2:low1,upperdir=up,workdir=work '
		cat m/one m/two m/both; ls m; echo x >m/new; rm m/one; mkdir m/gone; mv m/two m/moved'
	ok
	says $'1\n2\n2\nboth\none\ntwo'
	[ "$(cat up/new)" = x ] && [ -c up/one ] && [ -c up/two ] && [ -d up/gone ] && [ "$(cat up/moved)" = 2 ]
	eventually sh -c '! pgrep -u "$(id -u)" -x coracle-overlay'
}

@test "by its other name, read-only, with odd names" {
	mv low1 'a:b,c'
	ln -s "$CORACLE" coracle-overlay
	CORACLE=./coracle-overlay
	status=0
	output=$(unshare --map-root-user --mount sh -ec './coracle-overlay -o "lowerdir=a\:b\,c:low2,ro" m; cat m/both; ! touch m/x; umount m' 2>&1) || status=$?
	ok
	has 1
	has "Read-only file system"
}

@test "what cannot be is refused" {
	c overlay -o lowerdir=none m; fails 125 none
	c overlay -o upperdir=up,workdir=work m; fails 125 lowerdir
	c overlay -o lowerdir=low1,upperdir=up m; fails 125 workdir
	c overlay -o lowerdir=low1,squash_to_root m; fails 125 squash_to_root
	c overlay -o lowerdir=low1,timeout=x m; fails 125 timeout
}

@test "a program at work in it: git" {
	inside lowerdir=low2:low1,upperdir=up,workdir=work '
		cd m; git init -q .; for i in $(seq 60); do echo $i >f$i; done
		git -c user.email=a@b -c user.name=c add . && git -c user.email=a@b -c user.name=c commit -qm all
		git gc -q && git fsck --no-progress && git status --porcelain; cd ..'
	ok
	says ""
}

@test "a full disk is an error, and costs nothing that was there" {
	local i
	for i in $(seq 30); do head -c 100000 /dev/urandom >low1/f$i; done
	mkdir t
	status=0
	output=$(unshare --map-root-user --mount bash -c "mount -t tmpfs -o size=1m t t && mkdir t/up t/work &&
		'$CORACLE' overlay -o lowerdir=low1,upperdir=t/up,workdir=t/work m || exit
		for i in \$(seq 30); do chmod 600 m/f\$i 2>/dev/null || failed=1; done; echo \${failed-0}
		cmp <(cat m/f*) <(cat low1/f*) && rm m/f* && echo y >m/new && cat m/new && ls m; umount m" 2>&1) || status=$?
	ok
	says $'1\ny\nboth\ngone\nnew\none'
}
