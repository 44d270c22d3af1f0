# The door: help, options, configuration, completion.
load helper

@test "--help, help, and help of a command go to stdout with status 0" {
	cs --help; ok; has "Commands:"
	cs help; ok; has "Commands:"
	cs run --help; ok; has "Usage:"; has "--rm"
	cs help run; ok; has "--rm"
	cs image --help; ok; has "exists"
	cs image help; ok; has "exists"
}

@test "no command is status 125, and help" {
	cs; fails 125 "missing command \`coracle COMMAND\`"; has "Commands:"
	cs image; fails 125 "missing command \`coracle image COMMAND\`"; has "exists"
}

@test "an unknown command or option is one line that names it" {
	cs frobnicate; fails 125 "unrecognized command \`coracle frobnicate\`"
	[ "$output" = "" ] && [ "$(wc -l <<<"$stderr")" = 1 ]
	cs run --frobnicate busybox; fails 125 "unknown flag: --frobnicate"
	cs --frobnicate; fails 125 "unknown flag: --frobnicate"
	cs system frobnicate; fails 125 "unrecognized command \`coracle system frobnicate\`; see \`coracle system --help\`"
	[ "$output" = "" ] && [ "$(wc -l <<<"$stderr")" = 1 ]
	cs image exsts x; fails 125 "did you mean \`coracle image exists\`?"
	cs image lss; fails 125 "did you mean \`coracle image ls\`?"
	cs strat; fails 125 "did you mean \`coracle start\`?"
	cs run --nmae x busybox; fails 125 "unknown flag: --nmae; did you mean --name?"
	cs ps extra; fails 125 "takes at most 0 arguments"
	cs run; fails 125 "at least 1 argument"
}

@test "every command's --help works and names no unknown thing" {
	"$CORACLE" __commands | while IFS=$'\t' read -r name options; do
		"$CORACLE" $name --help >"$BATS_TEST_TMPDIR/help" || { echo "$name"; exit 1; }
		for o in $options; do
			grep -q -- " -$o" "$BATS_TEST_TMPDIR/help" || { echo "$name -$o"; exit 1; }
		done
	done
}

@test "coracle.conf gives defaults, the command line wins, and mistakes name the file" {
	printf '[coracle]\nlog-level = error\n[run]\nhostname = fromconf\nnetwork = none\nenv = A=1;B=2\n' >"$BATS_TEST_TMPDIR/c.conf"
	export CORACLE_CONF=$BATS_TEST_TMPDIR/c.conf
	c run --rm busybox sh -c 'hostname; echo $A$B$C'; ok; says $'fromconf\n12'
	c run --rm -h other -e C=3 -e A=9 busybox sh -c 'hostname; echo $A$B$C'; ok; says $'other\n923'
	c info; ok; has "c.conf"
	printf '[run]\nnonsense = 1\n' >"$CORACLE_CONF"
	c run --rm busybox true; fails 125 "c.conf: [run] nonsense"
	printf 'garbage\n' >"$CORACLE_CONF"
	c ps; fails 125 "c.conf"
	export CORACLE_CONF=$BATS_TEST_TMPDIR/missing.conf
	c ps; fails 125 "missing.conf"
}

@test "--version and version" {
	c --version; ok; has "coracle version"
	c version; ok; has "Version:"
	c version --format '{{.Client.Version}}'; ok
}

@test "output to a full disk is an error" {
	run bash -c '"$CORACLE" --help >/dev/full'
	fails 125 "standard output"
}

@test "an installation that was moved finds its own programs" {
	mkdir -p "$BATS_TEST_TMPDIR"/tree/bin "$BATS_TEST_TMPDIR/tree/libexec/coracle"
	cp "$CORACLE" "$BATS_TEST_TMPDIR/tree/bin/"
	cp "$CORACLE_BUILD"/coracle-image "$CORACLE_BUILD"/coracle-init "$BATS_TEST_TMPDIR/tree/libexec/coracle/"
	CORACLE=$BATS_TEST_TMPDIR/tree/bin/coracle
	c pull -q "$BUSYBOX"; ok
	c run --rm --init --network none busybox true; ok
}
