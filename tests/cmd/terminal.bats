# terminal.bats - what a person sees on a terminal, and nobody in a pipe.

load helper

setup() { fresh_store; }
teardown() { remove_containers; remove_tree "$CORACLE_ROOT" "$XDG_RUNTIME_DIR"; }

# WIDTH WORDS...: run on a terminal of that many columns.
on_terminal() {
	local width=$1
	shift
	printf '%q ' "$CORACLE" "$@" >"$BATS_TEST_TMPDIR/line"
	output=$(TERM=xterm script -qec "stty cols $width; . $BATS_TEST_TMPDIR/line" /dev/null </dev/null | tr -d '\r')
	mapfile -t lines <<<"$output"
}

longest() { awk '{ if (length > n) n = length } END { print n + 0 }' <<<"$output"; }

@test "tables fit the terminal, and are whole in a pipe and with --no-trunc" {
	"$CORACLE" create --name "$(printf 'n%.0s' {1..70})" --network none host sleep 100 >/dev/null
	on_terminal 100 ps -a
	[ "$(longest)" -le 100 ] || no "too wide: $(longest)"
	has "..."
	has "CONTAINER ID"
	on_terminal 300 ps -a
	lacks "nn..."
	on_terminal 100 ps -a --no-trunc
	has "$(printf 'n%.0s' {1..70})"
	cs ps -a
	has "$(printf 'n%.0s' {1..70})"
	"$CORACLE" volume create "$(printf 'v%.0s' {1..70})" >/dev/null
	on_terminal 60 volume ls
	[ "$(longest)" -le 60 ] || no "too wide: $(longest)"
	cs volume ls
	has "$(printf 'v%.0s' {1..70})"
}

@test "--help fits the terminal, and has one line an option in a pipe" {
	on_terminal 80 run --help
	[ "$(longest)" -le 90 ] || no "too wide: $(longest)"
	cs run --help
	ok
	[ "$(grep -c -- '--restart ' <<<"$output")" = 1 ] || no "--restart"
	on_terminal 80 --help
	[ "$(longest)" -le 80 ] || no "too wide: $(longest)"
}

@test "--help shows the examples of the man page" {
	cs run --help
	has "Examples:"
	has '  $ coracle run --rm -it debian:12 bash'
	has '-v "$HOME":/home/me'
	cs oci kill --help
	has '  $ coracle oci kill box TERM'
	lacks 'oci run'
	"$CORACLE" __commands | while IFS=$'\t' read -r name options; do
		case $name in oci\ *) continue ;; esac
		"$CORACLE" $name --help | grep -q '^Examples:$' || { echo "$name has none"; exit 1; }
	done
}
