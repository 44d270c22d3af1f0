# run --network, -p, --dns and the files that come of them. The network's own processes: net.bats.

load helper

@test "the default network has an address, names and a way to the gateway" {
	cs run --rm busybox sh -c 'ip -o addr; cat /etc/resolv.conf /etc/hosts'
	ok
	has "10.0.2.100/24"
	has "nameserver 10.0.2.3"
	has "localhost"
	lacks "10.0.2.100	host.containers.internal"
}

@test "none has a loopback and nothing else" {
	cs run --rm --network none busybox ip -o link
	ok
	[ "${#lines[@]}" = 1 ]
}

@test "host is the host's network" {
	cs run --rm --network host busybox readlink /proc/self/ns/net
	ok
	says "$(readlink /proc/self/ns/net)"
}

@test "--dns, --dns-search, --dns-option, --add-host and --hostname are what the files say" {
	cs run --rm --dns 9.9.9.9 --dns-search x.example --dns-option ndots:3 --add-host db:10.1.2.3 --hostname box busybox \
		cat /etc/resolv.conf /etc/hosts
	ok
	has "search x.example"
	has "nameserver 9.9.9.9"
	has "options ndots:3"
	has "10.1.2.3	db"
	has "10.0.2.100	box"
}

@test "wrong networks, options and ports are one clear line" {
	c run --rm --network nosuch busybox true
	fails 125 '"nosuch"'
	c run --rm --network slirp:mtu=7 busybox true
	fails 125 "mtu=7"
	c run --rm -p 80:90:100:110 busybox true
	fails 125 "80:90:100:110"
	c run --rm --dns nonsense busybox true
	fails 125 "nonsense"
	c run --rm --add-host nonsense busybox true
	fails 125 "nonsense"
}

@test "a published port reaches the container" {
	port=$((20000 + RANDOM % 10000))
	cs run -d --name "p$port" -p "127.0.0.1:$port:80" busybox sh -c 'while :; do echo hello | nc -l -p 80; done'
	ok
	reached() { [ "$(nc -w 2 127.0.0.1 "$port" </dev/null)" = hello ]; }
	eventually reached
	c run --rm -p "127.0.0.1:$port:80" busybox true
	fails 125 "ddress already in use"
	"$CORACLE" rm -f -t 0 "p$port"
}
