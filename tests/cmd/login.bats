# login.bats - credentials: asked for, tried, kept, used, forgotten.

load helper

setup() {
	fresh_store
	export HOME=$BATS_TEST_TMPDIR/home AUTH=$XDG_RUNTIME_DIR/containers/auth.json
	mkdir -p "$HOME"
}

teardown() { remove_tree "$CORACLE_ROOT"; }

login() { c login "$@" <<<"${secret-secret}"; }

@test "login, pull, --get-login, logout" {
	login -u user --password-stdin "$REGISTRY_AUTH"
	ok
	says "Login Succeeded!"
	[ "$(stat -c %a "$AUTH")" = 600 ] || no "mode"
	[ "$(jq -r ".auths[\"$REGISTRY_AUTH\"].auth" "$AUTH" | base64 -d)" = user:secret ] || no "$(cat "$AUTH")"
	[ "$(ls -A "${AUTH%/*}")" = auth.json ] || no "left behind"
	c login --get-login "$REGISTRY_AUTH"
	says user
	c login "$REGISTRY_AUTH"
	ok
	has "Already logged in"
	c pull -q "$REGISTRY_AUTH/private/busybox:1"
	ok
	c logout "$REGISTRY_AUTH"
	says "Removed login credentials for $REGISTRY_AUTH"
	c logout "$REGISTRY_AUTH"
	fails 125 "not logged into"
	c login --get-login "$REGISTRY_AUTH"
	fails 125 "not logged into"
}

@test "wrong credentials and bad command lines keep nothing" {
	secret=wrong login -u user --password-stdin "$REGISTRY_AUTH"
	fails 125 "invalid username/password"
	has "check the user name and password"; lacks "coracle login"
	login --password-stdin "$REGISTRY_AUTH"
	fails 125 "--username"
	login -u user -p x --password-stdin "$REGISTRY_AUTH"
	fails 125 "exclude"
	login -u user "$REGISTRY_AUTH"
	fails 125 "not a terminal"
	secret= login -u user --password-stdin "$REGISTRY_AUTH"
	fails 125 "no password"
	login -u user --password-stdin word
	fails 125 "host name"
	login -u user --password-stdin localhost:1
	fails 125 "localhost:1"
	c login -u user -p secret --authfile a --compat-auth-file b "$REGISTRY_AUTH"
	fails 125 "exclude"
	[ ! -e "$AUTH" ] || no "written"
}

@test "other entries stay, also in a linked file, and a broken file is left alone" {
	local real=$BATS_TEST_TMPDIR/real.json link=$BATS_TEST_TMPDIR/link.json
	echo '{"auths":{"a.example":{"auth":"eDp5"},"https://b.example/v1/":{}},"other":[1,{"x":null}]}' >"$real"
	ln -s real.json "$link"
	c login -u user -p secret --authfile "$link" "https://$REGISTRY_AUTH/"
	ok
	[ -L "$link" ] || no "the link was replaced"
	[ "$(jq -c .other "$real")" = '[1,{"x":null}]' ] || no "$(cat "$real")"
	[ "$(jq -c '.auths["a.example"]' "$real")" = '{"auth":"eDp5"}' ] || no "$(cat "$real")"
	[ "$(jq '.auths|length' "$real")" = 3 ] || no "$(cat "$real")"
	c logout --authfile "$link" b.example
	ok
	c logout --authfile "$link" --all
	[ "$(jq -c .auths "$real")" = '{}' ] || no "$(cat "$real")"
	echo '{"auths":' >"$real"
	c login -u user -p secret --authfile "$link" "$REGISTRY_AUTH"
	fails 125 "link.json"
	[ "$(cat "$real")" = '{"auths":' ] || no "changed"
}

@test "many logins at once lose nothing" {
	local i file=$BATS_TEST_TMPDIR/many.json
	for i in 1 2 3 4 5 6; do
		"$CORACLE" login -u user -p secret --authfile "$file" "$REGISTRY_AUTH/p$i" >/dev/null &
	done
	wait
	[ "$(jq '.auths|length' "$file")" = 6 ] || no "$(cat "$file")"
}

@test "a part of a registry: its credentials are for what is below it" {
	c login -u user -p secret "$REGISTRY_AUTH/private"
	ok
	c pull -q "$REGISTRY_AUTH/private/busybox:1"
	ok
	c pull -q "$REGISTRY_AUTH/busybox:1"
	fails 125 "log in"
}

@test "credential helpers keep, give and forget" {
	local bin=$BATS_TEST_TMPDIR/bin file=$HOME/.docker/config.json
	mkdir -p "$bin" "$HOME/.docker"
	cat >"$bin/docker-credential-test" <<-'H'
	#!/bin/sh
	echo "$*" >>"$HOME/helper.args"
	case $1 in
	store) cat >"$HOME/held" ;;
	get) [ "$(cat)" = "$(jq -r .ServerURL "$HOME/held" 2>/dev/null)" ] && cat "$HOME/held" && exit
		echo "credentials not found in native keychain"; exit 1 ;;
	erase) [ -e "$HOME/held" ] || { echo "credentials not found in native keychain"; exit 1; }; rm "$HOME/held" ;;
	esac
	H
	chmod +x "$bin/docker-credential-test"
	export PATH=$bin:$PATH
	for key in '"credsStore":"test"' "\"credHelpers\":{\"$REGISTRY_AUTH\":\"test\"}"; do
		echo "{$key}" >"$file"
		login -u user --password-stdin --compat-auth-file "$file" "$REGISTRY_AUTH"
		ok
		[ "$(jq -r .Secret "$HOME/held")" = secret ] || no "$(cat "$HOME/held")"
		if grep -qE 'secret|dXNlcjpzZWNyZXQ' "$file" "$HOME/helper.args"; then no "the secret is there"; fi
		c pull -q "$REGISTRY_AUTH/private/busybox:1"
		ok
		c login --get-login "$REGISTRY_AUTH"
		says user
		c logout --compat-auth-file "$file" "$REGISTRY_AUTH"
		ok
		[ ! -e "$HOME/held" ] || no "not forgotten"
	done
	echo '{"credsStore":"../evil"}' >"$file"
	c login -u user -p secret --compat-auth-file "$file" "$REGISTRY_AUTH"
	fails 125 "credential helper"
}

@test "the terminal is asked, the password not shown" {
	local log=$BATS_TEST_TMPDIR/typescript
	{ eventually grep -q Username: "$log" >&2 && echo user && eventually grep -q Password: "$log" >&2 && echo secret; } |
		script -qfec "$CORACLE login $REGISTRY_AUTH" "$log" >/dev/null 2>&1
	grep -q "Login Succeeded" "$log" || no "$(cat "$log")"
	if grep -q secret "$log"; then no "shown: $(cat "$log")"; fi
}

@test "no secret in the log" {
	cs --log-level trace login -u user -p secret "$REGISTRY_AUTH"
	ok
	[[ $stderr != *secret* && $stderr != *dXNlcjpzZWNyZXQ* ]] || no "secret"
}
