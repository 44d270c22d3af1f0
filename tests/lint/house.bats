# The rules of the house: floors, what the program links, what the texts promise.

setup() { cd "$CORACLE_SRC" || return 1; }

# DIRECTORY PATTERN: no include in it matches. (A plain `! grep` fails a test on its last line only.)
no_include() {
	if grep -nE "#include \"$2/" -r "$1" --include='*.[ch]'; then return 1; fi
}

@test "includes go down the floors only" {
	no_include core '(cmd|net|storage)'
	no_include net '(cmd|storage)'
	no_include storage '(cmd|net)'
	no_include core/base 'core/(oci|runtime|container)'
	no_include core/oci 'core/(runtime|container)'
	no_include core/runtime 'core/container'
}

@test "no timeout is by the wall clock, which jumps" {
	local found
	found=$(grep -nwE '(text_now_ns|time)\((NULL)?\) *[-+].*|- *(text_now_ns|time)\((NULL)?\).*' -r core net --include='*.c' | grep -v '^core/base/text.c') || :
	[ -z "$found" ] || { echo "$found"; false; }
}

@test "coracle links nothing heavy" {
	[ -z "${CORACLE_SANITIZED-}" ] || return 0 # the sanitizers bring libraries of their own
	run bash -c "readelf -d '$CORACLE_BUILD/coracle' | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
		grep -vxE 'libc\.so\.6|libm\.so\.6|ld-linux.*|libglib-2\.0\.so\.0|libjansson\.so\.4|libseccomp\.so\.2|libslirp\.so\.0|libfuse3\.so\.3'"
	[ -z "$output" ] || { echo "$output"; false; }
}

@test "coracle-init is static" {
	[ -z "$(readelf -d "$CORACLE_BUILD/coracle-init" | grep NEEDED)" ]
}

@test "man pages are without faults" {
	for m in man/*.[1-8]; do
		run mandoc -T lint -W warning "$m"
		[ "$status" = 0 ] || { echo "$output"; false; }
	done
}

@test "every command has a man page, and each of its options is there" {
	commands=$("$CORACLE_BUILD/coracle" __commands)
	[ -n "$commands" ]
	missing=
	while IFS=$'\t' read -r name options; do
		page=man/coracle-${name// /-}.1
		case $name in "oci "*) page=man/coracle-oci.1 ;; esac # one page for the family
		[ -e "$page" ] || { missing+="$page"$'\n'; continue; }
		for o in $options; do # o is "-name"
			# mdoc: -name is written "Fl -name", an escaped minus as \-
			sed 's/\\-/-/g' "$page" | grep -qE "Fl $o( |\$)" || missing+="$page: -$o"$'\n'
		done
	done <<<"$commands"
	[ -z "$missing" ] || { echo "$missing"; false; }
}

@test "every man page of a command has examples, quoted so that they are shown as they are typed" {
	for m in man/coracle-*.1; do
		grep -q '^\.Dl \$ ' "$m" || { echo "$m: no .Dl \$ under EXAMPLES"; false; }
	done
	# A quote that begins a word is the macro's own: \(dq.
	if grep -nE '^\.Dl .* "' man/*.1; then return 1; fi
}

@test "nothing is left open in the code" {
	if grep -rnE '\b(TODO|FIXME|unimplemented)\b' core net storage cmd --include='*.[ch]' --include='*.mk'; then return 1; fi
}
