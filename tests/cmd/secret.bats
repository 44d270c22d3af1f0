# secret and --secret. The answers are podman 4.3.1's.
load helper

setup() {
	fresh_store
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,etc}
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	for a in sh cat sleep true ls stat env mount grep find; do ln -s busybox "$ROOT/bin/$a"; done
	printf %s hunter2 >"$BATS_TEST_TMPDIR/data"
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{root,store,run}; }

make() { printf %s "${2-hunter2}" | "$CORACLE" secret create "$1" - >/dev/null; }
with() { cs run --rm --network none "$1" --rootfs "$ROOT" "${@:2}"; }

@test "secret create: of a file, stdin and a variable; what is refused" {
	cs secret create one "$BATS_TEST_TMPDIR/data"; ok
	[[ $output =~ ^[0-9a-f]{25}$ ]] || no
	output=$(printf %s two | "$CORACLE" secret create two -); [[ $output =~ ^[0-9a-f]{25}$ ]] || no
	VARIABLE=three cs secret create --env three VARIABLE; ok
	cs secret create --env four VARIABLE; fails 125 'environment variable VARIABLE is not set'
	cs secret create one "$BATS_TEST_TMPDIR/data"; fails 125 'one: secret name in use'
	cs secret create bad/name "$BATS_TEST_TMPDIR/data"; fails 125 'bad/name: invalid secret name'
	cs secret create -x "$BATS_TEST_TMPDIR/data"; fails 125
	: >"$BATS_TEST_TMPDIR/empty"
	cs secret create empty "$BATS_TEST_TMPDIR/empty"; fails 125 'must be larger than 0 and less than 512000 bytes'
	head -c 512000 /dev/zero >"$BATS_TEST_TMPDIR/large"
	cs secret create large "$BATS_TEST_TMPDIR/large"; fails 125 'less than 512000 bytes'
	cs secret create gone "$BATS_TEST_TMPDIR/gone"; fails 125 'No such file'
	cs secret create --driver pass p "$BATS_TEST_TMPDIR/data"; fails 125 '"pass" is not supported'
	cs secret ls --format '{{.Name}}'; says $'one\nthree\ntwo'
	assert_clean
	# Only the user reads them.
	[ "$(stat -c %a "$CORACLE_ROOT/secrets" "$CORACLE_ROOT"/secrets/one "$CORACLE_ROOT"/secrets/one/data | tr '\n' ' ')" = "700 700 600 " ] ||
		no "$(ls -laR "$CORACLE_ROOT/secrets")"
}

@test "secret ls, inspect, exists, rm" {
	cs secret ls; ok; says "ID          NAME        DRIVER      CREATED     UPDATED"
	make one; make two
	id=$("$CORACLE" secret ls -q --filter name=one)
	cs secret ls --noheading --filter "id=$id"
	[[ $output == "$id  one         file        "*" ago  "*" ago" ]] || no
	cs secret ls --filter foo=1; fails 125 'invalid filter "foo=1"'
	cs secret create --label a=b --label c three "$BATS_TEST_TMPDIR/data"; ok
	cs secret inspect three -f '{{.Spec.Name}} {{.Spec.Driver.Name}} {{.Spec.Labels}}'; says 'three file map[a:b c:]'
	cs secret inspect "${id:0:20}" -f '{{.ID}}'; says "$id"
	cs secret inspect --pretty three; [[ $output == *"Name:              three"*$'Labels:\n - a=b\n - c\nDriver:            file\nCreated at:        20'* ]] || no
	cs secret inspect one nope; fails 125 'inspecting secret: no secret with name or id "nope": no such secret'
	has '"Name": "one"'; lacks hunter2
	cs secret inspect nope; fails 125; says '[]'
	c secret exists one; ok
	c secret exists nope; fails 1
	cs secret rm nope one; fails 125 'no such secret'; says "$id"
	c secret exists one; fails 1
	cs secret rm; fails 125 'requires one argument, or the --all flag'
	cs secret rm -a; ok; [ "${#lines[@]}" = 2 ]
	cs secret ls -q; says ""
	assert_clean
}

@test "--secret: a file in memory, with an owner and a mode; root's and 0444 by default" {
	make s
	with --secret=s sh -c 'cat /run/secrets/s; echo; stat -c "%a %u %g" /run/secrets/s /run/secrets; grep -c " /run/secrets tmpfs\|/run/secrets .* tmpfs " /proc/self/mountinfo'; ok
	says $'hunter2\n444 0 0\n755 0 0\n1'
	with --secret=s,target=other,mode=0400 sh -c 'cat /run/secrets/other; stat -c " %a" /run/secrets/other; ls /run/secrets'
	says $'hunter2 400\nother'
	with --secret=source=s,target=/etc/key cat /etc/key; says hunter2
	[ ! -s "$ROOT/etc/key" ]
	with --secret=s,uid=5,gid=6,mode=440 stat -c '%a %u %g' /run/secrets/s; says '440 5 6'
	# A byte 0, and the largest.
	head -c 511999 /dev/zero >"$BATS_TEST_TMPDIR/large"
	"$CORACLE" secret create large "$BATS_TEST_TMPDIR/large" >/dev/null
	with --secret=large stat -c %s /run/secrets/large; says 511999
	with --secret=large,type=env true; fails 125 'byte 0'
	cs run --rm --network none --secret s --secret large --secret s,target=again --rootfs "$ROOT" ls /run/secrets; says $'again\nlarge\ns'
	cs run --rm --network none --secret s --secret large,target=s --rootfs "$ROOT" true; fails 125 'another one is at its target'
	cs run --rm --network none --tmpfs /run/secrets --secret s --rootfs "$ROOT" cat /run/secrets/s; ok; says hunter2
	assert_clean
}

@test "--secret: a variable of the program alone" {
	make s
	with --secret=s,type=env,target=PASSWORD sh -c 'echo "$PASSWORD"; ls -d /run/secrets 2>&1 | grep -c "No such"'; says $'hunter2\n1'
	with --secret=s,type=env sh -c 'echo "$s"'; says hunter2
	"$CORACLE" run -d --network slirp --name c --secret s,type=env,target=PASSWORD --secret s --rootfs "$ROOT" sleep 100 >/dev/null 3>&-
	# Nobody goes on holding it open.
	run ! bash -c 'readlink /proc/[0-9]*/fd/* 2>/dev/null | grep "$CORACLE_ROOT/secrets"'
	cs inspect c; ok; lacks hunter2
	cs inspect c -f '{{.Config.Secrets}}'; has 'Name:s'
	cs exec c cat /run/secrets/s; says hunter2
	c stop -t 0 c; ok
	# In none of the container's files, documents and tars.
	run ! grep -rq hunter2 "$CORACLE_ROOT/containers" "$CORACLE_ROOT/events" "$CORACLE_ROOT/tmp" "$XDG_RUNTIME_DIR"
	"$CORACLE" export c >"$BATS_TEST_TMPDIR/c.tar"
	run ! grep -q hunter2 "$BATS_TEST_TMPDIR/c.tar"
	# A start gets what the secret is then; without it there is none.
	c start c; ok
	cs exec c cat /run/secrets/s; says hunter2
	c stop -t 0 c; c secret rm s; ok
	cs start c; fails 125 'its secret "s"'
}

@test "--secret: what is refused" {
	make s
	with --secret=nope true; fails 125 'no secret with name or id "nope": no such secret'
	with --secret=s,foo=bar true; fails 125 'option foo=bar invalid: parsing secret'
	with --secret=s,env true; fails 125 'option env must be in form option=value: parsing secret'
	with --secret=s,type=foo true; fails 125 'type foo is invalid: parsing secret'
	with --secret=s,type=env,uid=5 true; fails 125 'UID, GID, Mode options cannot be set with secret type env: parsing secret'
	with --secret=s,mode=9 true; fails 125 'mode 9 invalid: parsing secret'
	with --secret=s,uid=x true; fails 125 'UID x invalid: parsing secret'
	with --secret=s,target=../x true; fails 125 'must be a file'
	with --secret=target=x,mode=400 true; fails 125 'no source found'
	with --secret=s,uid=4000000000 true; fails 125 'not in the container'
	assert_clean
}

@test "secret: a commit has none of it" {
	make s
	tar -C "$ROOT" -cf "$BATS_TEST_TMPDIR/root.tar" .
	"$CORACLE" import -q "$BATS_TEST_TMPDIR/root.tar" localhost/i >/dev/null
	"$CORACLE" run --network none --name c --secret s --secret s,type=env,target=P localhost/i sh -c 'cat /run/secrets/s' >/dev/null
	c commit -q c localhost/c; ok
	c save -q --format docker-archive -o "$BATS_TEST_TMPDIR/c.tar" localhost/c; ok
	run ! grep -q hunter2 "$BATS_TEST_TMPDIR/c.tar"
	c run --rm --network none localhost/c find /run -type f; lacks secrets
}
