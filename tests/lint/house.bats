# The rules of the house: floors, what the program links, what the texts promise.

setup() { cd "$CORACLE_SRC" || return 1; }

@test "includes go down the floors only" {
	! grep -nE '#include "(cmd|net|storage)/' -r core --include='*.[ch]'
	! grep -nE '#include "(cmd|storage)/' -r net --include='*.[ch]'
	! grep -nE '#include "(cmd|net)/' -r storage --include='*.[ch]'
	! grep -nE '#include "core/(oci|runtime|container)/' -r core/base --include='*.[ch]'
	! grep -nE '#include "core/(runtime|container)/' -r core/oci --include='*.[ch]'
	! grep -nE '#include "core/container/' -r core/runtime --include='*.[ch]'
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
		[ -e "$page" ] || { missing+="$page"$'\n'; continue; }
		for o in $options; do # o is "-name"
			# mdoc: -name is written "Fl -name", an escaped minus as \-
			sed 's/\\-/-/g' "$page" | grep -qE "Fl $o( |\$)" || missing+="$page: -$o"$'\n'
		done
	done <<<"$commands"
	[ -z "$missing" ] || { echo "$missing"; false; }
}

@test "nothing is left open in the code" {
	! git grep -nE '\b(TODO|FIXME|XXX|HACK|unimplemented)\b' -- '*.c' '*.h' '*.sh' '*.am' '*.mk' 2>/dev/null
}
