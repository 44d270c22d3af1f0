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
