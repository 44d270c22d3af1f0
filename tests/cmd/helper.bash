# helper.bash - what bats files load: `load helper`.
#
# Variables: CORACLE (the program), BUSYBOX, LAYERS (image names), REGISTRY_OPEN, REGISTRY_AUTH (host:port; the second
# wants user:secret), SUITE (shared directory), BATS_TEST_TMPDIR. `busybox` and $BUSYBOX are in the shared store.

bats_require_minimum_version 1.5.0

# Run coracle as bats' `run` does: $status, $output (both streams), $lines. (`run` itself warns about status 127.)
c() {
	status=0
	output=$("$CORACLE" "$@" 2>&1) || status=$?
	stderr=
	mapfile -t lines <<<"$output"
}

# The same with stdout in $output and stderr in $stderr.
cs() {
	status=0
	output=$("$CORACLE" "$@" 2>"$BATS_TEST_TMPDIR/stderr") || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/stderr")
	mapfile -t lines <<<"$output"
}

# Fail with the whole story.
no() { echo "$*"; echo "status: ${status-} output: ${output-} stderr: ${stderr-}"; return 1; }

ok() { [ "$status" -eq 0 ] || no "failed"; }

# STATUS [TEXT]: ended with that status, and the output (stderr, when separate) has the text.
fails() {
	[ "$status" -eq "$1" ] || no "status is not $1"
	[ -z "${2-}" ] || case "$output${stderr-}" in *"$2"*) ;; *) no "does not say: $2" ;; esac
}

# TEXT: the output is exactly that.
says() { [ "$output" = "$1" ] || no "output is not: $1"; }

has() { case "$output" in *"$1"*) ;; *) no "output has no: $1" ;; esac; }
lacks() { case "$output" in *"$1"*) no "output has: $1" ;; esac; }

# A store and run directory of this test alone.
fresh_store() {
	export CORACLE_ROOT=$BATS_TEST_TMPDIR/store XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p -m 700 "$XDG_RUNTIME_DIR"
}

# Remove what belongs to subordinate ids too.
remove_tree() { unshare --map-root-user --map-auto rm -rf "$@" 2>/dev/null || rm -rf "$@"; }

# Nothing of this test is left: containers, staging, names.
assert_clean() {
	local root=${1:-$CORACLE_ROOT} left
	left=$(cd "$root" && find containers names tmp -mindepth 1 -maxdepth 1 2>/dev/null)
	[ -z "$left" ] || no "left behind: $left"
}

# COMMAND...: wait (bounded) until it succeeds; for things that other processes do.
eventually() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	no "never: $*"
}

# Remove every container of the store that the test may have left.
remove_containers() { "$CORACLE" rm -f -a -t 0 >/dev/null 2>&1 || :; }

# Start the registry that misbehaves; its address is $BAD; $HOSTILE/requests is what it was asked.
hostile() {
	python3 "$CORACLE_SRC/tests/cmd/hostile-registry.py" "$HOSTILE" "$SUITE/tls/server.crt" "$SUITE/tls/server.key" \
		>"$HOSTILE/log" 2>&1 3>&- &
	echo $! >"$HOSTILE/pid"
	disown
	eventually test -e "$HOSTILE/port"
	BAD=localhost:$(cat "$HOSTILE/port")
}
