# volume.bats - named volumes: create, ls, inspect, rm, prune, exists.
load helper

setup() { fresh_store; }

@test "a volume is made once, listed, inspected and removed" {
	c volume create --label a=b data; ok; says data
	c volume create data; fails 125 "volume already exists"
	c volume create --ignore data; ok
	c volume ls -q; says data
	c volume ls --filter label=a=b --format '{{.Driver}} {{.Name}}'; says "local data"
	c volume ls -q --filter label=x; says ""
	c volume inspect data --format '{{.Labels.a}} {{.Mountpoint}}'; says "b $CORACLE_ROOT/volumes/data/data"
	c volume exists data; ok
	c volume rm data; ok; says data
	c volume exists data; fails 1
	c volume rm data; fails 1 "no such volume"
	c volume rm -f data; ok
	assert_clean
}

@test "names, drivers and options that cannot be are refused" {
	c volume create ../x; fails 125 "is not valid"
	c volume create -d nfs x; fails 125 "not supported"
	c volume create -o type=tmpfs x; fails 125 "not supported"
	c volume ls --filter colour=red; fails 125 "unsupported filter"
	c volume create x; ok
	c volume ls --filter colour=red; fails 125 "unsupported filter"
}

@test "prune asks, and removes what nobody uses" {
	c volume create one; ok
	run bash -c 'echo n | "$CORACLE" volume prune'; ok
	c volume exists one; ok
	c volume prune -f; ok; says one
}

@test "an empty store: images, rmi, history, info" {
	c images -q; ok; says ""
	c images --format json; ok; says "[]"
	c rmi nothing; fails 1 "image not known"
	c rmi -i nothing; ok
	c image exists nothing; fails 1
	c image exists host; ok
	c history nothing; fails 125 "image not known"
	c info --format '{{.store.graphRoot}} {{.store.graphRootFrom}}'; says "$CORACLE_ROOT CORACLE_ROOT"
}

@test "export and import keep a volume's files, and reach nothing outside of it" {
	local dir=$BATS_TEST_TMPDIR
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	c volume create one; c volume create two
	"$CORACLE" run --rm -v one:/v "$BUSYBOX" sh -c 'echo x >/v/x; chown 5:6 /v/x; chmod 4750 /v/x; ln /v/x /v/hard; ln -s /etc /v/out
		mkdir /v/d; echo y >/v/d/.wh.y; touch -d @1500000000 /v/x; chmod 1777 /v'
	c volume export -o "$dir/one.tar" one; ok
	"$CORACLE" volume export one | cmp - "$dir/one.tar"
	c volume import two "$dir/one.tar"; ok; says ""
	c run --rm -v two:/v "$BUSYBOX" sh -c 'stat -c "%a %u:%g %h %Y" /v/x /v; readlink /v/out; cat /v/hard /v/d/.wh.y' ; ok
	[[ $output == "4750 5:6 2 1500000000"$'\n'"1777 0:0 "*$'\n'"/etc"$'\n'"x"$'\n'"y" ]] || no "not the same"
	# Onto what is there, compressed, from a pipe.
	gzip <"$dir/one.tar" | "$CORACLE" volume import two -
	"$CORACLE" volume export two | cmp - "$dir/one.tar"
	python3 - "$dir/bad.tar" <<'P'
import io, sys, tarfile
t = tarfile.open(sys.argv[1], "w")
i = tarfile.TarInfo("out"); i.type = tarfile.SYMTYPE; i.linkname = "../../../.."; t.addfile(i)
i = tarfile.TarInfo("out/escaped"); i.size = 1; t.addfile(i, io.BytesIO(b"x"))
t.close()
P
	c volume import two "$dir/bad.tar"; ok
	[ -z "$(find "$dir" -name escaped -not -path '*/volumes/two/data/*')" ]
	c volume import nothere "$dir/one.tar"; fails 125 "no such volume"
	c volume export nothere; fails 125
	head -c 1000 "$dir/one.tar" >"$dir/cut.tar"
	c volume import two "$dir/cut.tar"; fails 125 "cut.tar"
	output=$(script -qec "$CORACLE volume export one" /dev/null </dev/null) || :; has "refusing to export to terminal"
}
