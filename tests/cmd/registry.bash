# registry.bash - Debian's docker-registry over TLS on loopback.

# DIR: an authority and a certificate for localhost and 127.0.0.1.
registry_certificates() {
	local d=$1
	mkdir -p "$d"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=test authority" \
		-keyout "$d/ca.key" -out "$d/ca.crt" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" \
		-keyout "$d/server.key" -out "$d/server.csr" 2>/dev/null
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n' >"$d/ext"
	openssl x509 -req -in "$d/server.csr" -CA "$d/ca.crt" -CAkey "$d/ca.key" -CAcreateserial -days 30 \
		-extfile "$d/ext" -out "$d/server.crt" 2>/dev/null
}

# A port that nothing listens on.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# NAME [USER PASSWORD]: start one; its address goes to REGISTRY_<NAME> ("localhost:PORT"). CERTIFICATE: another one than
# "server" of the suite's directory tls.
registry_start() {
	local name=$1 user=${2-} password=${3-} dir=$SUITE/registry-$1 certificate=$SUITE/tls/${CERTIFICATE-server} port
	port=$(free_port)
	mkdir -p "$dir/data"
	{
		printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n'
		printf 'storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\n' "$dir/data"
		printf 'http:\n  addr: 127.0.0.1:%s\n  secret: x\n' "$port"
		printf '  tls: {certificate: %s, key: %s}\n' "$certificate.crt" "$certificate.key"
		if [ -n "$user" ]; then
			htpasswd -Bbn "$user" "$password" >"$dir/htpasswd" 2>/dev/null
			printf 'auth: {htpasswd: {realm: test, path: %s}}\n' "$dir/htpasswd"
		fi
	} >"$dir/config.yml"
	# It would take our REGISTRY_... for settings of its own.
	env -i PATH="$PATH" HOME="$dir" docker-registry serve "$dir/config.yml" >"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	disown
	export "REGISTRY_${name^^}=localhost:$port"
	curl -s -k -o /dev/null --retry 50 --retry-connrefused --retry-delay 0 --retry-max-time 20 \
		"https://localhost:$port/v2/" ||
		{ echo "docker-registry does not start: $(tail -n 3 "$dir/log")" >&2; return 1; }
}

# OCI-LAYOUT:TAG HOST/NAME:TAG [USER:PASSWORD] [skopeo options]
registry_push() {
	local from=$1 to=$2 creds=${3-}
	shift $(( $# > 2 ? 3 : 2 ))
	mkdir -p "$SUITE/tls/certs"
	cp "$SUITE/tls/ca.crt" "$SUITE/tls/certs/"
	skopeo --insecure-policy copy -q --dest-cert-dir "$SUITE/tls/certs" ${creds:+--dest-creds "$creds"} "$@" \
		"oci:$from" "docker://$to"
}
