# registries.bats - registries.conf: aliases, search, mirrors, rewrites, blocked and insecure registries.

load helper

setup() {
	fresh_store
	export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf
}

teardown() { remove_tree "$CORACLE_ROOT"; }

conf() { cat >"$CONTAINERS_REGISTRIES_CONF"; }

@test "an alias is pulled, kept under its full name, and run by the short one" {
	conf <<<"aliases = { \"toolbox\" = \"$BUSYBOX\" }"
	c run --rm --network none toolbox echo hello
	ok
	has hello
	c run --rm --network none --pull never toolbox echo again
	says again
	c images --format '{{.Repository}}'
	says "$BUSYBOX"
}

@test "unqualified names: searched in order, or refused" {
	conf <<-C
	unqualified-search-registries = ["localhost:1", "$REGISTRY_OPEN"]
	C
	c pull -q layers
	fails 125 "name one of them: localhost:1/layers, $REGISTRY_OPEN/layers"
	sed -i '1i short-name-mode = "permissive"' "$CONTAINERS_REGISTRIES_CONF"
	cs pull -q layers
	ok
	[[ $stderr == *"trying the next place"* ]] || no "not said"
	c images --format '{{.Repository}}'
	says "$LAYERS"
}

@test "mirrors first, then the registry; the name stays" {
	conf <<-C
	[[registry]]
	prefix = "reg.example/team"
	location = "localhost:1"
	[[registry.mirror]]
	location = "localhost:1/nothing"
	[[registry.mirror]]
	location = "$REGISTRY_OPEN"
	C
	c pull -q reg.example/team/busybox
	ok
	c images --format '{{.Repository}}'
	says reg.example/team/busybox
	c pull -q reg.example/team/nothere
	fails 125 "localhost:1"
}

@test "rewrites are for push too, blocked registries for nobody" {
	conf <<-C
	[[registry]]
	prefix = "*.example"
	location = "$REGISTRY_OPEN"
	[[registry]]
	location = "bad.example"
	blocked = true
	C
	c pull -q eu.example/busybox
	ok
	c push -q eu.example/busybox eu.example/rewritten
	ok
	c pull -q "$REGISTRY_OPEN/rewritten"
	ok
	c pull -q bad.example/busybox
	fails 125 "registry bad.example is blocked in $CONTAINERS_REGISTRIES_CONF"
	c push -q eu.example/busybox bad.example/x
	fails 125 "is blocked"
}

@test "an insecure registry needs no certificate" {
	export SSL_CERT_FILE=
	conf <<<""
	c pull -q "$BUSYBOX"
	fails 125 "--tls-verify"
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY_OPEN" | conf
	c pull -q "$BUSYBOX"
	ok
}

@test "faults are named with file and line; drop-in files add and win" {
	conf <<<'[[registry'
	c pull -q "$BUSYBOX"
	fails 125 "$CONTAINERS_REGISTRIES_CONF: line 1"
	unset CONTAINERS_REGISTRIES_CONF
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	mkdir -p "$XDG_CONFIG_HOME/containers/registries.conf.d"
	printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$REGISTRY_OPEN" >"$XDG_CONFIG_HOME/containers/registries.conf"
	c pull -q "$BUSYBOX"
	fails 125 "blocked"
	printf '[[registry]]\nlocation = "%s"\n' "$REGISTRY_OPEN" >"$XDG_CONFIG_HOME/containers/registries.conf.d/50.conf"
	c pull -q "$BUSYBOX"
	ok
}

@test "a file that is there and cannot be read stops: it may block what is asked for" {
	unset CONTAINERS_REGISTRIES_CONF
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
	local d=$XDG_CONFIG_HOME/containers f
	mkdir -p "$d/registries.conf.d"
	for f in "$d/registries.conf" "$d/registries.conf.d/50.conf"; do
		: >"$f"
		chmod 0 "$f"
		c pull -q "$BUSYBOX"; fails 125 "$f: Permission denied"
		rm -f "$f"
	done
	chmod 0 "$d/registries.conf.d"
	c pull -q "$BUSYBOX"; fails 125 "$d/registries.conf.d"
	chmod 700 "$d/registries.conf.d"
	c pull -q "$BUSYBOX"; ok
}

@test "login and search: blocked and insecure registries, several to search" {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	printf '[[registry]]\nlocation = "%s"\nblocked = true\n' "$REGISTRY_AUTH" | conf
	c login -u user -p secret "$REGISTRY_AUTH"; fails 125 "is blocked in $CONTAINERS_REGISTRIES_CONF"
	c search "$REGISTRY_AUTH/x"; fails 125 "is blocked"
	export SSL_CERT_FILE=
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$REGISTRY_AUTH" | conf
	c login -u user -p secret "$REGISTRY_AUTH"; ok
	conf <<-C
	unqualified-search-registries = ["localhost:1", "$REGISTRY_OPEN"]
	[[registry]]
	location = "$REGISTRY_OPEN"
	insecure = true
	C
	c search --format '{{.Name}}' busybox; ok; says "$BUSYBOX"
	c search --compatible busybox; ok; [[ ${lines[0]} =~ NAME\ +DESCRIPTION\ +STARS\ +OFFICIAL\ +AUTOMATED ]]
	c search --filter is-official=false --format '{{.Stars}}{{.Automated}}' busybox; says 0
	c search --filter stars=0 --format '{{.Name}}' busybox; says "$BUSYBOX"
	c search --filter stars=x busybox; fails 125 "--filter stars=x"
	printf 'unqualified-search-registries = ["localhost:1"]\n' | conf
	c search busybox; fails 125 "localhost:1"
}

@test "podman's remembered answers are aliases that count most" {
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	mkdir -p "$XDG_CACHE_HOME/containers"
	conf <<<'aliases = { "toolbox" = "localhost:1/nothing" }'
	printf '[aliases]\n"toolbox" = "%s"\n' "$BUSYBOX" >"$XDG_CACHE_HOME/containers/short-name-aliases.conf"
	c pull -q toolbox; ok
	c images --format '{{.Repository}}'; says "$BUSYBOX"
	echo '[aliases' >"$XDG_CACHE_HOME/containers/short-name-aliases.conf"
	c pull -q toolbox; fails 125 "short-name-aliases.conf: line 1"
}

@test "credential-helpers: asked in order, they keep what login gives" {
	local bin=$BATS_TEST_TMPDIR/bin
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$bin" "$HOME"
	printf '#!/bin/sh\necho broken; exit 1\n' >"$bin/docker-credential-broken"
	cat >"$bin/docker-credential-test" <<-'H'
	#!/bin/sh
	case $1 in
	store) cat >"$HOME/held" ;;
	get) [ "$(cat)" = "$(jq -r .ServerURL "$HOME/held" 2>/dev/null)" ] && cat "$HOME/held" && exit
		echo "credentials not found in native keychain"; exit 1 ;;
	erase) [ -e "$HOME/held" ] || { echo "credentials not found in native keychain"; exit 1; }; rm "$HOME/held" ;;
	esac
	H
	chmod +x "$bin"/*
	export PATH=$bin:$PATH
	conf <<<'credential-helpers = ["test", "containers-auth.json"]'
	c login -u user -p secret "$REGISTRY_AUTH"; ok
	[ "$(jq -r .Secret "$HOME/held")" = secret ] && [ ! -e "$XDG_RUNTIME_DIR/containers/auth.json" ]
	c login --get-login "$REGISTRY_AUTH"; says user
	c login -u user -p secret "$REGISTRY_AUTH/private"; fails 125 "knows registries only"
	conf <<<'credential-helpers = ["broken", "test", "containers-auth.json"]'
	c pull -q "$REGISTRY_AUTH/private/busybox:1"; ok
	conf <<<'credential-helpers = ["test", "containers-auth.json"]'
	c logout "$REGISTRY_AUTH"; ok
	[ ! -e "$HOME/held" ]
	c logout "$REGISTRY_AUTH"; fails 125 "not logged into"
	conf <<<'credential-helpers = ["../evil"]'
	c pull -q "$REGISTRY_AUTH/private/busybox:1"; fails 125 '"../evil" is not the name of a credential helper'
}
