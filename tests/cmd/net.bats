# The network's processes, around a plain command: tests/unit/net_tool stands for the keeper and the container's init.

load helper

setup() {
	NET=$CORACLE_BUILD/tests/unit/net_tool
	cd "$BATS_TEST_TMPDIR" || return 1
	[ -w /dev/net/tun ] || skip "/dev/net/tun is not usable by this user"
}

teardown() { [ -z "${server-}" ] || kill "$server" 2>/dev/null || :; }

# STATEMENTS: a server on the host's 127.0.0.1:$port that runs them for each connection c.
serve() {
	python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", 0), backlog=4096)
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    exec(sys.argv[1])' "$1" >port 3>&- &
	server=$!
	eventually [ -s port ]
	port=$(cat port)
}

# The one published port, which the tool tells.
published() { eventually [ -s ports ] && cut -d' ' -f1 ports; }

gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }

@test "none has lo, up, and nothing else" {
	run "$NET" none ip -o link
	[ "${#lines[@]}" = 1 ]
	[[ $output == *lo*UP* ]]
}

@test "slirp has its address, routes and MTU" {
	run "$NET" slirp sh -c 'ip -o addr; ip route; ip -6 route'
	has "inet 10.0.2.100/24"
	has "inet6 fd00::100/64"
	has "default via 10.0.2.2 dev tap0"
	has "default via fd00::2 dev tap0"
	run "$NET" slirp:mtu=1500,cidr=192.168.5.0/24,enable_ipv6=false sh -c 'ip -o addr; ip -o link'
	has "inet 192.168.5.100/24"
	has "mtu 1500"
	lacks fd00
}

@test "the host's loopback is reached only when allowed" {
	serve 'c.sendall(b"hello"); c.close()'
	run "$NET" slirp:allow_host_loopback=true nc -w 3 10.0.2.2 "$port"
	says hello
	run "$NET" slirp nc -w 3 10.0.2.2 "$port"
	says ""
}

@test "ping reaches the gateway" {
	run "$NET" slirp ping -c 1 -W 3 10.0.2.2
	ok
}

@test "memory stays bounded after thousands of short connections that the host closes" {
	serve 'c.sendall(b"x" * 100); c.shutdown(1); c.recv(1); c.close()'
	mkfifo go
	NET_TOOL_PIDS=1 "$NET" slirp:allow_host_loopback=true python3 -c "
import socket
for i in range(3000):
    c = socket.create_connection(('10.0.2.2', $port))
    n = 0
    while d := c.recv(1000): n += len(d)
    assert n == 100
    c.close()
open('done', 'w').close()
open('go').read()" 2>pids 3>&- &
	eventually [ -e done ]
	peak=$(awk '/VmHWM/ { print $2 }' "/proc/$(sed -n 's/^net \([0-9]*\).*/\1/p' pids)/status")
	echo >go
	wait %2
	echo "peak: $peak kB"
	[ "$peak" -lt 65536 ] || [ -n "${CORACLE_SANITIZED-}" ]
}

@test "an upload whose sender ends at once arrives whole" {
	serve 'n = 0
while True:
    d = c.recv(65536); time.sleep(0.002)
    if not d: break
    n += len(d)
open("got", "w").write(str(n))'
	"$NET" slirp:allow_host_loopback=true python3 -c "
import socket
socket.create_connection(('10.0.2.2', $port)).sendall(b'x' * (4 << 20))"
	eventually [ -s got ]
	[ "$(cat got)" = $((4 << 20)) ]
}

@test "a published port carries both directions, each to its own end" {
	NET_TOOL_PORTS=1 "$NET" slirp -p 127.0.0.1::80 python3 -c "
import socket
c, _ = socket.create_server(('0.0.0.0', 80)).accept()
n = 0
while d := c.recv(65536): n += len(d)
c.sendall(b'%d' % n + b'y' * (4 << 20))" 2>ports 3>&- &
	run python3 -c "
import socket, time
for i in range(100):
    c = socket.create_connection(('127.0.0.1', $(published)))
    try:
        c.sendall(b'x' * (4 << 20)); c.shutdown(1)
        got = b''
        while d := c.recv(65536): got += d; time.sleep(0.001)
        break
    except ConnectionError: time.sleep(0.1)     # nobody listens in there yet
print(got[:7].decode(), len(got))"
	says "4194304 $((7 + (4 << 20)))"
}

@test "a published TCP port shows the program who the client is" {
	cat >server.py <<'S'
import socket
s = socket.create_server(('::', 80), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    c, (address, port, *_) = s.accept()
    n = 0
    while d := c.recv(65536): n += len(d)
    c.sendall(f'{address.removeprefix("::ffff:")} {port} {n}'.encode()); c.close()
S
	cat >client.py <<'S'
import socket, sys, time
# Then twice from one port, which the kernel may still remember from before.
for source, fixed in [(s, f) for f in (0, 12345, 12345) for s in ('203.0.113.7', '127.0.0.1', '2001:db8::77', '::1')]:
    for i in range(100):
        c = socket.socket(socket.AF_INET6 if ':' in source else socket.AF_INET)
        c.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        c.bind((source, fixed)); own = c.getsockname()[1]
        try:
            c.connect((source, int(sys.argv[1]))); c.sendall(b'x' * 300000); c.shutdown(1)
            got = b''
            while d := c.recv(100): got += d
            address, port, n = got.decode().split()
            break
        except (OSError, ValueError): time.sleep(0.1)     # nobody listens in there yet
        finally: c.close()
    print(address, bool(fixed) or int(port) == own, n)
S
	cat >script <<'S'
ip link set lo up
ip address add 203.0.113.7/32 dev lo
ip address add 2001:db8::77/128 dev lo
"$NET" slirp -p 8080:80 python3 server.py 3>&- &
python3 client.py 8080
kill %1
S
	NET=$NET run unshare --map-root-user --net bash script
	one=$'203.0.113.7 True 300000\n10.0.2.2 True 300000\n2001:db8::77 True 300000\nfd00::2 True 300000'
	says "$one"$'\n'"$one"$'\n'"$one"
}

@test "a published UDP port answers each client" {
	NET_TOOL_PORTS=1 "$NET" slirp -p 127.0.0.1::53/udp python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('0.0.0.0', 53))
n = 0
while n < 2:
    d, a = s.recvfrom(65536)
    s.sendto(d.upper(), a)
    n += d != b'?'" 2>ports 3>&- &
	run python3 -c "
import socket
a = ('127.0.0.1', $(published))
s = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for i in range(2)]
s[0].settimeout(0.1)
while True:
    try: s[0].sendto(b'?', a); s[0].recv(10); break
    except TimeoutError: pass
s[0].settimeout(5); s[1].settimeout(5)
s[0].sendto(b'one', a); s[1].sendto(b'two', a)
r = s[0].recv(10)
while r == b'?': r = s[0].recv(10)
print(s[1].recv(10), r)"
	says "b'TWO' b'ONE'"
}

@test "a taken port is an error before anything starts" {
	serve ''
	run "$NET" slirp -p "127.0.0.1:$port:80" touch started
	fails 125 "ddress already in use"
	has "127.0.0.1:$port"
	[ ! -e started ]
}

@test "the processes are sandboxed, and end with the container" {
	mkfifo go
	NET_TOOL_PIDS=1 "$NET" slirp -p 127.0.0.1::80 cat go 2>pids 3>&- &
	eventually [ -s pids ]
	for p in $(tr -dc '0-9 ' <pids); do
		[ -n "${CORACLE_SANITIZED-}" ] || eventually grep -q 'Seccomp:.2' "/proc/$p/status"
		run cat "/proc/$p/status"
		# The one for ports has CAP_NET_ADMIN and CAP_NET_RAW, in the container's network.
		[[ $output == *"CapEff:	0000000000000000"* || $output == *"CapEff:	0000000000003000"* ]] || no "capabilities"
		has "NoNewPrivs:	1"
	done
	echo >go
	for p in $(tr -dc '0-9 ' <pids); do eventually gone "$p"; done
}

@test "networks that there are not are answered with those that there are" {
	for n in bridge pasta mynet; do
		run "$NET" $n true
		fails 125 "\"$n\""
		has "slirp (the default), host, none"
	done
}
