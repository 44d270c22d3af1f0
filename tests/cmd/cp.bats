# cp.bats - files into and out of containers: cp, container cp. The rules are those that podman 4.3.1 showed.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p dir/sub
	echo f >f
	echo a >dir/a
	ln -s f lf
	ln -s dir ldir
}

teardown() {
	remove_containers
	"$CORACLE" volume rm -f cpvol >/dev/null
}

# NAME [OPTION...]: a container that goes on running, with files to copy.
running() {
	local name=$1
	shift
	"$CORACLE" run -d --name "$name" --network none --stop-signal KILL "$@" busybox tail -f /dev/null >/dev/null 3>&- 4>&-
	"$CORACLE" exec -u 0 "$name" sh -c 'mkdir -p /d/sub /x; echo one >/d/one; ln /d/one /d/two; ln -s one /d/ln; ln -s /d /dl
		ln -s /nowhere/x /lost; ln -s /d/new /tonew; chmod 4755 /d/one; mkfifo /d/pipe'
}

in_container() { "$CORACLE" exec "$@"; }

# CONTAINER PATH WANT: the names there.
holds() { [ "$(in_container "$1" sh -c "cd $2 && find . | sort | tr '\n' ' '")" = "$3 " ] || no "$(in_container "$1" find "$2")"; }

no_remains() {
	local left
	left=$(find "$BATS_TEST_TMPDIR" -name '.coracle-cp*'; in_container "$1" find / -xdev -name '.coracle-cp*')
	[ -z "$left" ] || no "left: $left"
}

@test "where things go: names, directories, dots, slashes and links" {
	running c1
	c cp f c1:/x; ok; holds c1 /x ". ./f"
	c cp f c1:/x/; ok
	c cp f c1:/x/g; ok; holds c1 /x ". ./f ./g"
	c cp lf c1:/x; ok; [ "$(in_container c1 cat /x/lf)" = f ]
	c cp dir c1:/new; ok; holds c1 /new ". ./a ./sub"
	c cp dir c1:/new; ok; holds c1 /new ". ./a ./dir ./dir/a ./dir/sub ./sub"
	c cp dir/. c1:/dots; ok; holds c1 /dots ". ./a ./sub"
	mkdir only; echo b >only/b
	c cp only/. c1:/dots; ok; holds c1 /dots ". ./a ./b ./sub"
	c cp ldir c1:/links; ok; holds c1 /links ". ./a ./sub"
	c cp f c1:/dl/thing; ok; [ "$(in_container c1 cat /d/thing)" = f ]
	c cp f c1:/tonew; ok; [ "$(in_container c1 sh -c 'readlink /tonew; cat /d/new')" = $'/d/new\nf' ]
	c cp f c1:relative; ok; [ "$(in_container c1 cat /relative)" = f ]
	c container cp c1:/d/one .; ok; [ "$(cat one)" = one ]
	c cp c1:/d/ln by-link; ok; [ "$(cat by-link)" = one ] && [ ! -L by-link ]
	c cp c1:/dl .; ok; [ -d d ] && [ "$(readlink d/ln)" = one ] && [ -p d/pipe ]
	c cp c1:/d/. content; ok; [ -e content/one ] && [ ! -e content/d ]
	c cp c1:/ all; ok; [ -e all/d/one ] && [ ! -e all/proc ] && [ ! -e all/dev ]
	no_remains c1
}

@test "what cannot be is one clear line, and nothing is left" {
	running c1
	c cp nosuch c1:/x; fails 125 '"nosuch" could not be found on the host'
	c cp c1:/nosuch .; fails 125 '"/nosuch" could not be found on container c1'
	c cp f nobody:/x; fails 125 'container "nobody" does not exist'
	c cp f c1:/new/; fails 125 '"/new/" could not be found on container c1'
	c cp f c1:/new/y; fails 125 '"/new/y" could not be found on container c1'
	c cp f c1:/lost; fails 125 "could not be found on container c1"
	c cp c1:/d/one here/; fails 125 '"here/" could not be found on the host'
	c cp c1:/d/one here/there; fails 125 "could not be found on the host"
	c cp dir c1:/d/one; fails 125 "destination must be a directory when copying a directory"
	c cp c1:/d f; fails 125 "destination must be a directory when copying a directory"
	c cp c1:/d/one /dev/null; fails 125 'invalid destination: "/dev/null" must be a directory or a regular file'
	c cp c1:/dev/null .; fails 125 "is a device or socket"
	c cp f/ c1:/x; fails 125 "Not a directory"
	c cp f g; fails 125 "name or ID cannot be empty"
	c cp f c1:; fails 125 "you must specify paths"
	c cp - -; fails 125 "name or ID cannot be empty"
	c cp f c1:/etc/hostname; fails 125 "what is mounted there cannot be replaced"
	[ "$(in_container c1 hostname)" = "$(in_container c1 cat /etc/hostname)" ] || no "the mount is gone"
	c cp f c1:/proc/x; fails 125
	[ "${#lines[@]}" = 1 ] || no "more than one line"
	holds c1 /x "."
	# With the whole path of what could not be written.
	c cp c1:/d/one /usr; fails 125 "copying to /usr/one: Permission denied"
	c cp c1:/d/one /usr/other; fails 125 "copying to /usr/other: Permission denied"
	mkdir -p deep/etc; echo x >deep/etc/hostname
	c cp deep/. c1:/; fails 125 "copying to /etc/hostname: "
	c cp deep/etc c1:/; fails 125 "copying to /etc/hostname: "
	c cp deep/etc/. c1:etc; fails 125 "copying to etc/hostname: "
	[ ! -e here ]
	no_remains c1
}

@test "a directory over a file and the other way round: only with --overwrite" {
	running c1
	in_container c1 sh -c 'mkdir -p /into/dir /files/f; echo keep >/into/dir/sub'
	c cp dir c1:/into; fails 125 'cannot overwrite "sub"'
	[ "$(in_container c1 cat /into/dir/sub)" = keep ]
	c cp --overwrite dir c1:/into; ok; holds c1 /into ". ./dir ./dir/a ./dir/sub"
	c cp f c1:/files; fails 125 'cannot overwrite the directory "f"'
	c cp --overwrite f c1:/files; ok; [ "$(in_container c1 cat /files/f)" = f ]
	mkdir one
	c cp c1:/d/one .; fails 125 'cannot overwrite the directory "one"'
	c cp --overwrite c1:/d/one .; ok; [ -f one ]
	tar -cf t.tar f
	in_container c1 sh -c 'rm /files/f; mkdir /files/f'
	run -125 bash -c '"$CORACLE" cp - c1:/files <t.tar'
	run -0 bash -c '"$CORACLE" cp --overwrite - c1:/files <t.tar'
	[ "$(in_container c1 cat /files/f)" = f ]
	no_remains c1
}

@test "files are what they were: links, holes, attributes, modes, times, long names" {
	local long i
	long=$(printf 'n%.0s' {1..255})
	running c1
	mkdir -p odd/"$long" && cd odd
	echo data >one && ln one two && ln one "$long/three"
	touch -d @1234567890.5 one
	truncate -s 50M holes && echo end >>holes
	echo s >setuid && chmod 6751 setuid && chmod 1770 "$long"
	ln -s /nowhere dangling
	mkfifo pipe
	: >empty
	python3 -c 'import os, socket; os.setxattr("one", "user.mine", b"\0x"); socket.socket(socket.AF_UNIX).bind("sock")'
	cd ..
	c cp odd c1:/odd; ok
	c cp c1:/odd back; ok
	for i in one "$long/three" holes setuid empty; do cmp "odd/$i" "back/$i"; done
	for i in one setuid dangling pipe . "$long"; do
		[ "$(stat -c '%a %h %Y %s %F' "odd/$i" | sed 's/ [0-9]* directory/ directory/')" = "$(stat -c '%a %h %Y %s %F' "back/$i" | sed 's/ [0-9]* directory/ directory/')" ] || no "$i"
	done
	[ "back/one" -ef "back/$long/three" ] && [ back/one -ef back/two ]
	[ "$(stat -c %b back/holes)" -lt 2000 ] || no "the hole is full"
	[ "$(python3 -c 'import os; print(os.getxattr("back/one", "user.mine"))')" = "b'\\x00x'" ]
	[ ! -e back/sock ]
	# What is copied into a directory afterwards does not change its time.
	touch -d @1000000000 dir && c cp dir c1:/times && ok
	[ "$(in_container c1 stat -c %Y /times)" = 1000000000 ]
}

@test "whose the files are: the container's user's, or with --archive=false who they were" {
	running c1 -u alice --tmpfs /t
	c cp dir c1:/tmp; ok
	[ "$(in_container c1 stat -c '%U:%G' /tmp/dir/a /tmp/dir)" = $'alice:alice\nalice:alice' ]
	c cp --archive=false f c1:/tmp/g; ok; [ "$(in_container c1 stat -c %u /tmp/g)" = 0 ]
	c cp c1:/tmp/dir mine; ok; [ "$(stat -c %u mine/a)" = "$(id -u)" ]
	tar --owner=50 --group=60 --numeric-owner -cf t.tar f
	"$CORACLE" cp -a=false - c1:/tmp <t.tar
	[ "$(in_container c1 stat -c %u:%g /tmp/f)" = 50:60 ]
	"$CORACLE" cp - c1:/tmp <t.tar
	[ "$(in_container c1 stat -c %U:%G /tmp/f)" = alice:alice ]
	# A tar that comes out says who they are.
	[ "$("$CORACLE" cp c1:/tmp/g - | tar --numeric-owner -tv | cut -d' ' -f2)" = 0/0 ]
}

@test "tars by pipe, compressed or not, out and in" {
	running c1
	[ "$("$CORACLE" cp c1:/d - | tar -t | sort | tr '\n' ' ')" = "d/ d/ln d/one d/pipe d/sub/ d/two " ]
	[ "$("$CORACLE" cp c1:/d/. - | tar -t | sort | tr '\n' ' ')" = "ln one pipe sub/ two " ]
	[ "$("$CORACLE" cp c1:/d/ln - | tar -xO)" = one ]
	"$CORACLE" cp c1:/d - | "$CORACLE" cp - c1:/x
	holds c1 /x ". ./d ./d/ln ./d/one ./d/pipe ./d/sub ./d/two"
	[ "$(in_container c1 stat -c %h%a /x/d/one)" = 24755 ]
	tar -cz dir | "$CORACLE" cp - c1:/x
	[ "$(in_container c1 cat /x/dir/a)" = a ]
	run bash -c 'echo garbage | "$CORACLE" cp - c1:/x'; fails 125 "source must be a (compressed) tar archive when copying from stdin"
	c cp - c1:/x </dev/null; fails 125 "source must be a (compressed) tar archive"
	tar -cf t.tar f
	c cp - c1:/d/one <t.tar; fails 125 "destination must be a directory when copying from stdin"
	c cp - c1:/nosuch <t.tar; fails 125 "destination must be a directory when copying from stdin"
	c cp - c1:/nosuch/ <t.tar; fails 125 "could not be found on container c1"
	c cp c1:/nosuch -; fails 125 "could not be found on container c1"
	# Half a tar leaves whole files only.
	head -c 300000 /dev/urandom >big
	run bash -c 'tar -c f big | head -c 100000 | "$CORACLE" cp - c1:/x'; fails 125
	[ "$(in_container c1 sh -c 'cat /x/f; test -e /x/big || echo none')" = $'f\nnone' ]
}

@test "a tar's links lead nowhere outside" {
	running c1
	mkdir outside
	python3 - "$BATS_TEST_TMPDIR/outside" <<-'PY'
	import io, sys, tarfile
	with tarfile.open("evil.tar", "w") as t:
	    for name, to in (("way", sys.argv[1]), ("up", "../" * 30 + sys.argv[1])):
	        link = tarfile.TarInfo(name); link.type = tarfile.SYMTYPE; link.linkname = to; t.addfile(link)
	        file = tarfile.TarInfo(name + "/x"); file.size = 1; t.addfile(file, io.BytesIO(b"x"))
	PY
	c cp - c1:/x <evil.tar
	[ -n "$(in_container c1 ls /x)" ] || no "nothing came out of it"
	[ -z "$(ls outside)" ] || no "it got out"
}

@test "volumes, bind mounts and memory of a running container; those of one that does not run" {
	mkdir host locked
	running c1 -v cpvol:/vol -v "$PWD/host:/host" -v "$PWD/locked:/locked:ro" --tmpfs /mem
	c cp f c1:/vol; ok
	c cp f c1:/host; ok; [ "$(cat host/f)" = f ]
	c cp f c1:/mem; ok; [ "$(in_container c1 cat /mem/f)" = f ]
	c cp f c1:/locked; fails 125 "Read-only file system"
	c cp c1:/vol/f out; ok; [ "$(cat out)" = f ]
	c cp c1:/mem/f out2; ok
	"$CORACLE" stop -t 0 c1 >/dev/null
	echo more >more
	c cp more c1:/vol; ok; [ "$(cat "$("$CORACLE" volume inspect -f '{{.Mountpoint}}' cpvol)/more")" = more ]
	c cp more c1:/host; ok; [ "$(cat host/more)" = more ]
	c cp more c1:/locked; fails 125 "Read-only file system"
	c cp c1:/vol/f out3; ok
	rm -r host
	c cp c1:/d/one out4; ok
}

@test "created and stopped containers: what is copied is there when they start" {
	"$CORACLE" create --name new --network none busybox cat /etc/mine /tmp/dir/a >/dev/null
	c cp f new:/etc/mine; ok
	c cp dir new:/tmp; ok
	c cp new:/etc/mine back; ok; [ "$(cat back)" = f ]
	c start -a new; ok; says $'f\na'
	echo other >other; c cp other new:/etc/mine; ok
	c start -a new; ok; says $'other\na'
	[ "$("$CORACLE" cp new:/etc/mine - | tar -xO)" = other ]
	c ps -a --filter name=new --format '{{.State}}'; says exited
	"$CORACLE" create --name closed --read-only --network none busybox true >/dev/null
	c cp f closed:/x; fails 125 "Read-only file system"
}

@test "a volume that was never mounted gets the image's content first" {
	fresh_store
	"$CORACLE" pull -q "$LAYERS" >/dev/null
	"$CORACLE" create --name v --network none -v fresh:/data --entrypoint cat "$LAYERS" /data/one /data/mine >/dev/null
	c cp f v:/data/mine; ok
	c start -a v; ok; says $'one\nf'
	remove_containers
	remove_tree "$CORACLE_ROOT"
}

@test "from one container to another, running or not, and within one" {
	running c1
	"$CORACLE" create --name c2 --network none -u alice busybox stat -c '%U %h' /tmp/d/one >/dev/null
	c cp c1:/d c2:/tmp; ok
	c start -a c2; ok; says "alice 2"
	c cp c2:/tmp/d/one c1:/x/copy; ok; [ "$(in_container c1 cat /x/copy)" = one ]
	c cp c1:/d c1:/x; ok; [ "$(in_container c1 cat /x/d/two)" = one ]
	c cp c2:/tmp/d c2:/tmp/e; ok
	c cp c2:/tmp/e/one out; ok
	c cp c1:/d/one c2:/nosuch/x; fails 125 "could not be found on container c2"
}

@test "id maps that are not the store's, and the fuse driver" {
	running k --userns keep-id
	c cp f k:/tmp/f; ok
	[ "$(in_container k stat -c %u /tmp/f)" = "$(id -u)" ] || no "keep-id"
	c cp k:/tmp/f out; ok
	"$CORACLE" stop -t 0 k >/dev/null
	c cp f k:/tmp/g; ok
	"$CORACLE" start k >/dev/null
	[ "$(in_container k stat -c %u /tmp/g)" = "$(id -u)" ] || no "stopped keep-id"
	running n --userns nomap -u alice
	c cp dir n:/tmp; ok; [ "$(in_container n stat -c %U /tmp/dir/a)" = alice ]
	c cp n:/tmp/dir mine; ok; [ "$(stat -c %u mine/a)" = "$(id -u)" ]
	"$CORACLE" create --name kv --network none --userns keep-id -v cpvol:/vol busybox stat -c '%u' /vol/f >/dev/null
	c cp f kv:/vol; ok
	c start -a kv; says "$(id -u)"
}

@test "CVE-2018-15664, CVE-2019-10152: a container that exchanges a directory for a link to / meanwhile" {
	mkdir -p many outside
	for i in {1..40}; do echo "$i" >"many/$i"; done
	running c1
	in_container -d c1 sh -c "mkdir /a; ln -s $BATS_TEST_TMPDIR/outside /b; : >/going
		while :; do mv /x /y; mv /b /x; mv /x /b; mv /y /x; mv /x/many /m; ln -s $BATS_TEST_TMPDIR/outside /x/many; rm /x/many; mv /m /x/many; done" >/dev/null
	eventually in_container c1 test -e /going
	for i in {1..4}; do
		c cp many c1:/x
		c cp c1:/x/many out
		"$CORACLE" cp - c1:/x < <(tar -c many) >/dev/null 2>&1 || :
	done
	[ -z "$(ls -A outside)" ] || no "it got out"
}
