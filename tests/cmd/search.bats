# search.bats - what registries have: repositories and tags; and pulling all of them.

load helper

setup() {
	fresh_store
	export HOSTILE=$BATS_TEST_TMPDIR/hostile
	mkdir -p "$HOSTILE"
}

teardown() {
	[ ! -e "$HOSTILE/pid" ] || kill "$(cat "$HOSTILE/pid")" 2>/dev/null || :
	remove_tree "$CORACLE_ROOT"
}

@test "tags and repositories of docker-registry" {
	local i repo=$REGISTRY_OPEN/tags
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	for i in 1 2 sha256-$(printf 0%.0s {1..64}).sig; do
		"$CORACLE" push -q "$BUSYBOX" "$repo:$i"
	done
	c search --list-tags "$repo" --format '{{.Name}} {{.Tag}}'
	[[ $(sort <<<"$output") == "$repo 1"$'\n'"$repo 2"$'\n'*.sig ]] || no "tags"
	c search --list-tags --limit 2 --format '{{.Tag}}' "$repo"
	[ "${#lines[@]}" = 2 ] || no "limit"
	c search --list-tags --creds user:secret "$REGISTRY_AUTH/private/busybox"
	ok
	[ "${lines[0]%% *}" = NAME ] && [[ ${lines[1]} == "$REGISTRY_AUTH/private/busybox "*1 ]] || no "table"
	c search --format '{{.Name}}' "$REGISTRY_OPEN/tag"
	says "$repo"
	c search --list-tags "$REGISTRY_OPEN/nothere"
	fails 125 "name unknown"
	c search --list-tags "$REGISTRY_AUTH/private/busybox"
	fails 125 "log in"
	c pull -q -a "$repo"
	ok
	c images --format '{{.Repository}}:{{.Tag}}'
	[ "$(grep "^$repo:" <<<"$output" | sort)" = "$repo:1"$'\n'"$repo:2" ] || no "not the two"
}

@test "pages, a search of its own, and answers that are bad" {
	hostile
	c search --list-tags --format '{{.Tag}}' "$BAD/tags"
	says $'t0\nt1\nt2\nt3\nt4\nt5'
	c search --format '{{.Name}} {{.Stars}} {{.Official}}' "$BAD/busy"
	says "$BAD/busy 7 [OK]"$'\n'"$BAD/team/busy 0 "
	c search "$BAD/busy"
	[[ $output != *$'\033'* && $output == *ooo...* ]] || no "description"
	local bad
	for bad in tags-away tags-junk tags-endless; do
		c search --list-tags "$BAD/$bad"
		fails 125 "Error: "
		[ "${#lines[@]}" = 1 ] || no "$bad"
	done
	if grep -q '"elsewhere": true' "$HOSTILE/requests"; then no "asked elsewhere"; fi
}
