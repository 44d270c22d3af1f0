# errors.bats - bad input gets one line on stderr that names the thing, the right status, and leaves nothing.

load helper
load registry

# The volumes and images before and after are compared by `bad`.
setup() { before=$(state); }

teardown() {
	[ ! -e "$BATS_TEST_TMPDIR/hostile/pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/hostile/pid")" 2>/dev/null || :
	remove_containers
	[ "$CORACLE_ROOT" = "$SUITE/store" ] || remove_tree "$CORACLE_ROOT"
}

state() { (cd "$CORACLE_ROOT" 2>/dev/null && find containers names tmp volumes layers images -maxdepth 3 -path '*/tree/*' -prune -o -print 2>/dev/null | sort) || :; }

# STATUS TEXT ARGUMENT...: the command fails with one line that has TEXT, and nothing has changed. What is wrong is
# noted, so that a test shows all of it; `all_bad` ends the test.
bad() {
	local want=$1 text=$2
	shift 2
	cs "$@"
	[ "$status" -eq "$want" ] || wrong "status is not $want" "$@"
	[ -z "$output" ] || wrong "something on stdout" "$@"
	[[ $stderr != *$'\n'* ]] || wrong "more than one line" "$@"
	[[ $stderr == "Error: "* ]] || wrong "does not begin with Error:" "$@"
	[[ $stderr == *"$text"* ]] || wrong "does not say: $text" "$@"
	[ "$(state)" = "$before" ] || wrong "left: $(diff <(echo "$before") <(state))" "$@"
	before=$(state)
}

wrong() {
	printf 'coracle %s: %s (status %s, stdout: %s, stderr: %s)\n' "${*:2}" "$1" "$status" "$output" "$stderr"
	failed=yes
}

all_bad() { [ -z "${failed-}" ]; }

@test "options, commands and arguments" {
	bad 125 "--frobnicate" run --frobnicate busybox true
	bad 125 "frobnicate" frobnicate
	bad 125 "--frob" --frob images
	bad 125 "images" images a b
	bad 125 "--restart" run --restart
	bad 125 "needs at least 1" run
	bad 125 "--memory" run --memory lots busybox true
	bad 125 "--cpus" run --cpus=-1 busybox true
	bad 126 "no such" run --user 'no such' busybox true
	bad 126 "nosuchuser" run --user nosuchuser busybox true
	bad 125 "nosuchnet" run --network nosuchnet busybox true
	bad 125 "99999:80" run -p 99999:80 busybox true
	bad 125 "--cap-add" run --cap-add CAP_NONE_SUCH busybox true
	bad 125 "--ulimit" run --ulimit nofile=x busybox true
	bad 125 "--ulimit" run --ulimit nosuch=1 busybox true
	bad 125 "--tmpfs" run --tmpfs relative busybox true
	bad 125 "--sysctl" run --sysctl novalue busybox true
	bad 125 "--env-file" run --env-file /nonexistent/file busybox true
	bad 125 "/nonexistent/file" run --env-file /nonexistent/file busybox true
	bad 125 "--log-driver" run --log-driver nosuch busybox true
	bad 125 "--restart" run --restart sometimes busybox true
	bad 125 "a/b" run --name 'a/b' busybox true
	bad 125 "--pull" run --pull sometimes busybox true
	bad 125 "--security-opt" run --security-opt nosuch=1 busybox true
	bad 125 "/nonexistent/p.json" run --security-opt seccomp=/nonexistent/p.json busybox true
	bad 125 "--device" run --device /dev/nonexistent busybox true
	bad 125 "--workdir" run --workdir relative busybox true
	bad 125 "--rm" run --detach --rm=maybe busybox true
	bad 125 "--log-level" --log-level loud images
	bad 125 "--runtime" --runtime runsc images
	bad 125 "/nonexistent.conf" --config /nonexistent.conf images
	bad 125 "--storage-driver" --storage-driver zfs images
	all_bad
}

@test "names that are not there, names that are taken" {
	bad 125 "image not known" run --pull never nosuch true
	bad 125 "nosuch" start nosuch
	bad 125 "nosuch" stop nosuch
	bad 125 "nosuch" kill nosuch
	bad 125 "nosuch" wait nosuch
	bad 125 "nosuch" logs nosuch
	bad 1 "nosuch" rm nosuch
	bad 1 "nosuch" rmi nosuch
	bad 125 "nosuch" tag nosuch x
	bad 125 "nosuch" untag nosuch
	bad 125 "nosuch" history nosuch
	bad 1 "nosuch" volume rm nosuch
	bad 125 "a/b" volume create a/b
	bad 125 "UPPER" pull UPPER
	bad 125 "bad::ref" pull bad::ref
	bad 125 "UPPER" run UPPER true
	bad 125 "busybox@sha256:12" run busybox@sha256:12 true
	bad 125 "/nonexistent" run -v /nonexistent:/x busybox true
	bad 125 "/nonexistent" run --mount type=bind,src=/nonexistent,dst=/x busybox true
	bad 125 "nosuchvol" run --volumes-from nosuchvol busybox true
	bad 125 "relative" run -v /tmp:relative busybox true
	bad 125 "/nonexistent" run --rootfs /nonexistent true
	bad 125 "nosuch" run --network container:nosuch busybox true
	bad 125 "nosuch" run --ipc container:nosuch busybox true
	bad 125 "/nonexistent" run --cidfile /nonexistent/cid busybox true
	bad 127 "nosuchprogram" run --rm busybox nosuchprogram
	bad 127 "/no/such/program" run --rm busybox /no/such/program
	bad 126 "/etc/passwd" run --rm busybox /etc/passwd
	bad 126 "/etc" run --rm busybox /etc
	bad 127 "nosuchprogram" run --rm -d busybox nosuchprogram
	bad 125 "/nodir" run --rm --read-only --workdir /etc/passwd/nodir busybox true
	"$CORACLE" create --name taken busybox true
	before=$(state)
	bad 125 "taken" run --name taken busybox true
	bad 125 "taken" create --name taken busybox true
	"$CORACLE" volume create taken-volume
	before=$(state)
	bad 125 "taken-volume" volume create taken-volume
	"$CORACLE" volume rm taken-volume
	"$CORACLE" rm taken
	all_bad
}

@test "taken ports" {
	local port
	python3 -c 'import socket, time
s = socket.socket(); s.bind(("0.0.0.0", 0)); s.listen(1); print(s.getsockname()[1], flush=True); time.sleep(60)' \
		>"$BATS_TEST_TMPDIR/port" 3>&- &
	local pid=$!
	eventually test -s "$BATS_TEST_TMPDIR/port"
	port=$(cat "$BATS_TEST_TMPDIR/port")
	bad 125 "$port" run --rm -p "$port:80" busybox true
	bad 125 "$port" run --rm -d -p "$port:80" busybox true
	bad 125 "80" run --rm -p "80:80" busybox true
	kill $pid
	all_bad
}

@test "registries: unreachable, unknown, wrong credentials, plain http, certificates" {
	bad 125 "localhost:1" pull -q --retry 0 localhost:1/x
	bad 125 "localhost:1" run -q --pull always --retry 0 localhost:1/x true
	bad 125 "nosuchhost.invalid" pull -q --retry 0 nosuchhost.invalid/x
	bad 125 "$REGISTRY_OPEN/nothere" pull -q "$REGISTRY_OPEN/nothere"
	bad 125 "$REGISTRY_OPEN/nothere" run -q "$REGISTRY_OPEN/nothere" true
	bad 125 "--creds" pull -q "$REGISTRY_AUTH/private/busybox:1"
	bad 125 "unauthorized" pull -q --creds user:wrong "$REGISTRY_AUTH/private/busybox:1"
	python3 -u -m http.server --bind 127.0.0.1 0 >"$BATS_TEST_TMPDIR/http" 2>&1 3>&- &
	local pid=$! port
	eventually grep -q 'port [0-9]' "$BATS_TEST_TMPDIR/http" || :
	port=$(sed -n 's/.*port \([0-9]*\) .*/\1/p' "$BATS_TEST_TMPDIR/http")
	bad 125 "--tls-verify=false" pull -q --retry 0 "localhost:$port/x"
	kill $pid
	SSL_CERT_FILE= bad 125 "--cert-dir" pull -q --retry 0 "$BUSYBOX"
	all_bad
}

# NAME SUBJECT-ALTERNATIVE-NAME FROM TO: a registry with a certificate of the suite's authority.
start_with_certificate() {
	local t=$SUITE/tls/$1
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$t.key" -out "$t.csr" 2>/dev/null
	: >"$t.index"; echo 01 >"$t.serial"; echo "subjectAltName=$2" >"$t.ext"
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' \
		"$t.index" "$t.serial" "$BATS_TEST_TMPDIR" >"$t.cnf"
	openssl ca -batch -notext -config "$t.cnf" -cert "$SUITE/tls/ca.crt" -keyfile "$SUITE/tls/ca.key" -startdate "$3" \
		-enddate "$4" -extfile "$t.ext" -in "$t.csr" -out "$t.crt" 2>"$t.log" || no "openssl: $(cat "$t.log")"
	CERTIFICATE=$1 registry_start "$1"
}

@test "certificates: expired, and of another host" {
	start_with_certificate expired DNS:localhost 20200101000000Z 20210101000000Z
	start_with_certificate elsewhere DNS:elsewhere.invalid 20200101000000Z 20991231000000Z
	bad 125 "expired" pull -q --retry 0 "$REGISTRY_EXPIRED/x"
	bad 125 "localhost" pull -q --retry 0 "$REGISTRY_ELSEWHERE/x"
	kill "$(cat "$SUITE/registry-expired/pid")" "$(cat "$SUITE/registry-elsewhere/pid")"
	all_bad
}

@test "a store that is newer, cannot be written, or is no store" {
	fresh_store
	c images; ok
	echo 99 >"$CORACLE_ROOT/version"
	before=$(state)
	bad 125 "format 99" run --rm host true
	bad 125 "format 99" images
	CORACLE_ROOT=$BATS_TEST_TMPDIR/closed
	mkdir -m 500 "$CORACLE_ROOT"
	before=$(state)
	bad 125 "Permission denied" run --rm host true
	bad 125 "--root" images
	CORACLE_ROOT=$BATS_TEST_TMPDIR/file
	: >"$CORACLE_ROOT"
	before=
	bad 125 "$CORACLE_ROOT" images
	all_bad
}

@test "a full disk: what it keeps from being done leaves nothing" {
	cat >"$BATS_TEST_TMPDIR/full.sh" <<'S'
set -eu
mount -t tmpfs -o size=4m tmpfs "$M"
c() { "$CORACLE" --root "$M/store" "$@"; }
left() { (cd "$M/store" && find containers names tmp layers volumes -mindepth 1 | grep -v '^layers/.*/' || :); }
refused() {
	local rc=0 text
	text=$(c "$@" 2>&1 >/dev/null) || rc=$?
	text=$(grep -v '^Note: ' <<<"$text")
	[ "$rc" = 125 ] && [[ $text == *"No space left on device"* && $text != *$'\n'* ]] && [ "$(left)" = "$before" ] ||
		{ echo "$*: status $rc: $text; left: $(left)"; exit 1; }
}
c images -q
before=
head -c 3M /dev/zero >"$M/fill"
refused pull -q "$BUSYBOX"
rm "$M/fill"
c pull -q "$BUSYBOX"
before=$(left)
cat /dev/zero >"$M/fill" 2>/dev/null || :
refused run --rm --network none "$BUSYBOX" true
refused create "$BUSYBOX" true
refused volume create full
rm "$M/fill"
c run --rm --network none "$BUSYBOX" true
S
	chmod a+r "$BATS_TEST_TMPDIR/full.sh"
	mkdir "$BATS_TEST_TMPDIR/m"
	M=$BATS_TEST_TMPDIR/m run unshare --map-root-user --mount bash "$BATS_TEST_TMPDIR/full.sh"
	ok
}

@test "no user namespaces left: the setting is named" {
	run unshare --map-root-user sh -c 'echo 1 >/proc/sys/user/max_user_namespaces &&
		exec unshare --user --map-user=1000 --map-group=1000 "$CORACLE" run -q --rm host true'
	fails 125 /proc/sys/user/max_user_namespaces
	[ "$(state)" = "$before" ]
}
