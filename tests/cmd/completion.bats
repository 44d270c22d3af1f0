# completion.bats - what could come next on a command line, asked directly and through the real shells.

load helper

setup() { remove_containers; }
teardown() { remove_containers; }

# WORDS...: the candidates, without descriptions.
next() { output=$("$CORACLE" __complete -- "$@" | cut -f1); }

@test "completion: commands, groups and their aliases, with descriptions" {
	next pu; says $'pull\npush'
	next image ex; says exists
	next image rem; says remove
	next container pa; says pause
	next help ren; says rename
	next nosuch ""; says ""
	next ""; lacks __complete
	[ "$(grep -cx image <<<"$output")" = 1 ] || no "a group twice"
	c __complete -- rena; says $'rename\tGive a container another name'
}

@test "completion: options, their values, and what follows them" {
	next run --read-only-; says --read-only-tmpfs
	next run --pull ""; has always
	next run --pull=n; says $'--pull=never\n--pull=newer'
	next run -d --restart un; says unless-stopped
	next run --network co; says container:
	next run --rm -v ""; has :files
	next run -w ""; says ""
	next run --sig-proxy=; says $'--sig-proxy=true\n--sig-proxy=false'
	next kill -s HU; says HUP
	next kill -sHU; says -sHUP
	next run --cap-add CAP_SYS_AD; says CAP_SYS_ADMIN
	next --log-level tr; says trace
	next --storage-driver=v; says --storage-driver=vfs
	next --roo; says $'--root'
	next completion z; says zsh
	next completion zsh ""; says ""
	next load -i ""; says :files
	next ps --filter status=r; says status=running
	next run -- --; says ""
	next run busybox --; says ""
}

@test "completion: names of containers, images and volumes" {
	"$CORACLE" create --name still --network none busybox true >/dev/null
	"$CORACLE" run -d --name moving --network none busybox sleep 100 >/dev/null
	"$CORACLE" volume create completevol >/dev/null
	next run busy; has busybox
	next inspect complete; says completevol
	next volume rm co; says completevol
	next run --rm -v completev; has completevol
	next rm ""; [ "$(sort <<<"$output")" = $'moving\nstill' ] || no "rm"
	next rm still ""; says moving
	next rm -f s; says still
	next stop ""; says moving
	next exec m; says moving
	next exec moving ""; says ""
	next exec -it moving ""; says ""
	next exec -e A=b m; says moving
	next rename still m; says ""
	next run --network container:m; says container:moving
	next run --network=container:m; says --network=container:moving
	next run --volumes-from=m; says --volumes-from=moving
	local id
	id=$("$CORACLE" inspect -f '{{.Id}}' still)
	next logs "${id:0:6}"; says "${id:0:12}"
	next --root "$BATS_TEST_TMPDIR/other" rm ""; says ""
	"$CORACLE" rm -f -t 0 moving >/dev/null
	"$CORACLE" volume rm completevol >/dev/null
}

# LINE: what bash offers at its end.
in_bash() {
	output=$(cd "$BATS_TEST_TMPDIR" && PATH=$(dirname "$CORACLE"):$PATH bash --norc -c '
		compopt() { echo "compopt ${*: -1}"; }
		source <(coracle completion bash)
		COMP_LINE=$1 COMP_POINT=${#1}
		# The words as readline cuts them.
		COMP_WORDS=()
		while [[ $1 =~ ^[[:space:]]*([^[:space:]=:]+|[=:]+) ]]; do
			COMP_WORDS+=("${BASH_REMATCH[1]}"); set -- "${1:${#BASH_REMATCH[0]}}"
		done
		[ -z "$1" ] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_coracle
		printf "%s\n" "${COMPREPLY[@]}"' bash "$1")
}

@test "completion in bash: words that are cut at = and :" {
	"$CORACLE" create --name still --network none busybox true >/dev/null
	touch "$BATS_TEST_TMPDIR/some file"
	bash -n <("$CORACLE" completion bash)
	in_bash "coracle ren"; says rename
	in_bash "coracle run --pull=al"; says always
	in_bash "coracle run --pull al"; says always
	in_bash "coracle run --network=container:st"; says still
	in_bash "coracle run --network container:"; has still
	in_bash "coracle rm "; says still
	in_bash "coracle run --rm ${BUSYBOX%box}"; has "${BUSYBOX#*:}"
	in_bash "coracle load -i so"; says $'compopt filenames\nsome file'
	in_bash "coracle load --input=so"; says $'compopt filenames\nsome file'
}

@test "completion in bash: a person's tab key" {
	"$CORACLE" create --name still --network none busybox true >/dev/null
	cat >"$BATS_TEST_TMPDIR/rc" <<-R
		PATH=$(dirname "$CORACLE"):\$PATH PS1='ready> '
		source <(coracle completion bash)
	R
	# The line runs once the word is whole: what it prints tells what the key did.
	output=$(printf 'coracle rm st\t\nexit\n' |
		TERM=dumb script -qec "bash --rcfile '$BATS_TEST_TMPDIR/rc' -i" /dev/null | tr -d '\r')
	grep -qx still <<<"$output" || no "not completed"
}

@test "completion in zsh and fish, where they are" {
	"$CORACLE" create --name still --network none busybox true >/dev/null
	if command -v zsh >/dev/null; then
		zsh -n <("$CORACLE" completion zsh)
	fi
	if command -v fish >/dev/null; then
		fish -n <("$CORACLE" completion fish)
		output=$(PATH=$(dirname "$CORACLE"):$PATH fish -c 'coracle completion fish | source; complete -C "coracle rm st"')
		[[ $output == still* ]] || no "fish"
	fi
	"$CORACLE" completion zsh | grep -q '^#compdef coracle$'
	"$CORACLE" completion fish | grep -q '^complete -c coracle '
}
