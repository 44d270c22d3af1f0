# posix.bats - the FUSE overlay answers as the file system below it does.

load helper

as_root() { unshare --map-root-user --map-auto --mount "$@"; }
cases() { python3 "$CORACLE_SRC/tests/cmd/posix-cases.py" "$@"; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir plain low up work m
}

teardown() { remove_tree "$BATS_TEST_TMPDIR"/{plain,low,up,work}; }

@test "POSIX by cases: errno, modes, owners, links and times as in a plain directory" {
	export -f cases
	as_root bash -ec "cases prepare plain; cases run plain >expected
		cases prepare low; '$CORACLE' overlay -o lowerdir=low,upperdir=up,workdir=work m
		cases run m >got; umount m"
	[ "$(wc -l <expected)" -gt 600 ]
	diff expected got
}

@test "data at random against a model: writes, maps, truncations, holes, copies" {
	head -c 300000 /dev/urandom >low/f2
	as_root bash -ec "'$CORACLE' overlay -o lowerdir=low,upperdir=up,workdir=work m
		for seed in 1 2; do python3 '$CORACLE_SRC/tests/cmd/data-cases.py' \$seed 1500 \"\$PWD/m/f\$seed\"; done; umount m"
}
