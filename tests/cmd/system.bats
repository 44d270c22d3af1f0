# system df and system reset; filters of volume prune; help of what does not exist.
load helper

setup() {
	fresh_store
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,etc}
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	for a in sh cat sleep true; do ln -s busybox "$ROOT/bin/$a"; done
	head -c 3000000 /dev/zero >"$ROOT/large"
}
teardown() { remove_containers; remove_tree "$BATS_TEST_TMPDIR"/{root,store,run}; }

import() { tar -C "$ROOT" -cf - . | "$CORACLE" import -q - "$1" >/dev/null; }
# TYPE FIELDS
df() { "$CORACLE" system df --format "{{if eq .Type \"$1\"}}$2{{end}}" | tr -d '\n'; }

@test "system df: sums; a layer that images share counts once" {
	cs system df; ok
	says $'TYPE           TOTAL       ACTIVE      SIZE        RECLAIMABLE\nImages         0           0           0B          0B (0%)\nContainers     0           0           0B          0B (0%)\nLocal Volumes  0           0           0B          0B (0%)'
	import localhost/i
	"$CORACLE" run --network none --name c -v vol:/vol localhost/i sh -c 'echo 12345 >/x; echo 1234567 >/vol/y'
	"$CORACLE" commit -q c localhost/more >/dev/null
	"$CORACLE" run -d --network none --name runs localhost/i sh -c 'echo 123 >/x; exec sleep 100' >/dev/null 3>&-
	eventually "$CORACLE" exec runs cat /x
	one=$("$CORACLE" image inspect -f '{{.Size}}' localhost/i)
	output=$(df Images '{{.Total}} {{.Active}} {{.RawSize}} {{.RawReclaimable}}'); says "2 1 $((one + 6)) 6"
	output=$(df Containers '{{.Total}} {{.Active}} {{.Size}} {{.Reclaimable}}'); says "2 1 10B 6B (60%)"
	output=$(df 'Local Volumes' '{{.Total}} {{.Active}} {{.Size}} {{.Reclaimable}}'); says "1 1 8B 0B (0%)"
	c rm c
	output=$(df 'Local Volumes' '{{.Active}} {{.Reclaimable}}'); says "0 8B (100%)"
	cs system df --format json; ok
	[ "$(jq -r '.[1] | "\(.Type) \(.TotalCount) \(.RawSize)"' <<<"$output")" = "Containers 1 4" ] || no
}

@test "system df -v: each" {
	import localhost/i
	"$CORACLE" run --network none --name c -v vol:/vol localhost/i sh -c 'echo 12345 >/x'
	id=$("$CORACLE" inspect -f '{{.Id}}' c)
	cs system df -v; ok
	[[ $output == "Images space usage:"$'\n\n'"REPOSITORY "*" SHARED SIZE  UNIQUE SIZE  CONTAINERS"$'\n'"localhost/i  latest "*" 0B           "*"MB "*" 1"$'\n\n'"Containers space usage:"* ]] || no
	[[ $output == *$'\n'"${id:0:12}  "*" 1              6B          "*" exited      c"$'\n\n'"Local Volumes space usage:"$'\n\n'"VOLUME NAME  LINKS       SIZE"$'\n'"vol          1           0B" ]] || no
	cs system df -v --format json; fails 125 'cannot combine --format and --verbose flags'
}

@test "system reset: asks; then nothing is left, and a new store begins" {
	import localhost/i
	"$CORACLE" volume create v >/dev/null
	printf s | "$CORACLE" secret create s - >/dev/null
	"$CORACLE" run -d --network none --stop-timeout 0 localhost/i sh -c 'echo >/x; exec sleep 100' >/dev/null 3>&-
	cs system reset <<<n; ok
	has ''; [[ $stderr == *"- all containers"*"$CORACLE_ROOT"*"[y/N] " ]] || no
	[ "$("$CORACLE" ps -q | wc -l)" = 1 ]
	cs system reset -f; ok; says ""
	[ ! -e "$CORACLE_ROOT" ]
	cs ps -a -q; ok; says ""
	cs images -q; says ""
	cs volume ls -q; says ""
	cs secret ls -q; says ""
}

@test "volume prune: filters" {
	"$CORACLE" volume create --label a=b one >/dev/null
	"$CORACLE" volume create two >/dev/null
	cs volume prune -f --filter foo=bar; fails 125 'filter "foo=bar"'
	cs volume prune -f --filter until=10 --filter label=a; ok; says ""
	cs volume prune -f --filter label=a=c; ok; says ""
	cs volume prune -f --filter 'label!=a'; ok; says two
	cs volume prune -f --filter until=0s --filter label=a=b; ok; says one
	cs volume ls --filter foo=bar; fails 125 'filter "foo=bar"'
	cs ps -a --filter pod=x -q; ok; says ""
}

@test "help of what does not exist is one line, with what was meant" {
	cs help frob; fails 125; says ""; [ "$stderr" = 'Error: unrecognized command `coracle frob`; see `coracle --help`' ] || no
	cs help pul; fails 125 'did you mean `coracle pull`?'
	cs help volume frob; fails 125 'unrecognized command `coracle volume frob`'
	cs help volume; ok; has 'volume COMMAND'
	cs help volume prune; ok; has 'coracle volume prune'
	cs help pull; ok; has 'coracle pull'
	cs help; ok; has 'coracle [options] COMMAND'
}
