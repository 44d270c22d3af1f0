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

# The server lets nobody look into it who has not its namespace's rights.
@test "what serves holds on to nothing that its caller had" {
	exec 9>"$BATS_TEST_TMPDIR/nine"
	inside lowerdir=low1 'for p in $(pgrep -x coracle-overlay); do readlink /proc/$p/fd/0 /proc/$p/fd/1 || continue
		ls -l /proc/$p/fd | grep -c nine || :; done'
	exec 9>&-
	says $'/dev/null\n/dev/null\n0'
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
	c overlay -o lowerdir=low1,xattr_permissions=2 m; fails 125 xattr_permissions
	c overlay -o lowerdir=low1,squash_to_uid=-1 m; fails 125 squash_to_uid
	c overlay -o lowerdir=low1,uidmapping=0:1 m; fails 125 uidmapping
	c overlay -o lowerdir=low1,gidmapping=0:1:0 m; fails 125 gidmapping
	c overlay -o lowerdir=low1,timeout=x m; fails 125 timeout
}

# OPTION... SHELL LINE: the same with other ids, low1/one belongs to 5:6.
owned() {
	status=0
	output=$(unshare --map-root-user --map-auto --mount sh -ec "chown 5:6 low1/one; [ -d up ] || mkdir up
		'$CORACLE' overlay -o 'lowerdir=low1,upperdir=up,workdir=work,$1' m; $2
		umount m; cd up; stat -c '%n %u:%g' *; cd ..; rm -r up" 2>&1) || status=$?
}

@test "owners are shown other than they are stored" {
	owned uidmapping=0:100:10:10:0:10,gidmapping=0:200:10:10:0:10 'stat -c %u:%g m/both m/one
		chown 103:204 m/both; stat -c %u:%g m/both; chown 50:50 m/both 2>&1 | grep -o "Invalid argument"; touch m/new; stat -c %u:%g m/new'
	ok
	says $'100:200\n105:206\n103:204\nInvalid argument\n0:0\nboth 3:4\nnew 10:10'
	owned squash_to_root 'stat -c %u:%g m/one; chown 7:8 m/both; setpriv --reuid 0 --regid 9 --clear-groups touch m/new; stat -c %u:%g m/both m/new'
	ok
	says $'0:0\n0:0\n0:0\nboth 0:0\nnew 0:0'
	owned squash_to_root,squash_to_uid=8,static_nlink 'stat -c %u:%g m/one; mkdir m/d m/d/e; stat -c "%u:%g %h" m/d'
	ok
	says $'8:0\n8:0 1\nd 8:0'
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
