#!/bin/bash
# oci.sh BUILD [KERNEL]... - the OCI runtime under systemd and cgroup v2, as root and as an ordinary user: scopes, limits, rules
# for devices, freezing. In a virtual machine; TAP on standard output. KERNEL is one of vm-run's; uml, which takes seconds,
# when none is given.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: oci.sh BUILD [KERNEL]...}" && pwd)
shift
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
chmod 755 "$share"
mkdir "$share/lib"
cp "$build/coracle" "$(command -v busybox)" "$(command -v jq)" "$share/"
ldd "$share/coracle" "$share/jq" | awk '$3 ~ "^/" { print $3 }' | sort -u | grep -vE '/(libc|libm|libresolv|libdl|libpthread)\.so' |
	xargs -r cp -t "$share/lib"
cat >"$share/script" <<'S'
#!/bin/bash
dir=/tmp/o-$(id -un)
mkdir -p $dir && cd $dir || exit 1
cp /host/share/coracle /host/share/jq $dir/
export LD_LIBRARY_PATH=/host/share/lib PATH=$dir:$PATH XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
who=$(id -un) failed=0 manager=
check() {
	local name="$who: $1"
	shift
	if "$@"; then echo "ok - $name"; else echo "not ok - $name"; failed=1; sed 's/^/#   /' <<<"status $status: $output"; fi
}
oci() { output=$(timeout 60 coracle oci --cgroup-manager "$manager" "$@" 2>&1 </dev/null); status=$?; }
says() { [ "$status" = 0 ] && [ "$output" = "$1" ]; }
has() { [[ $output = *"$1"* ]]; }
ok() { [ "$status" = 0 ]; }
fresh() {
	rm -rf b
	mkdir -p b/rootfs/bin
	cp /host/share/busybox b/rootfs/bin/
	for n in sh cat dd mknod sleep; do ln -s busybox b/rootfs/bin/$n; done
	(cd b && coracle oci spec $([ "$who" = root ] || echo --rootless))
	change '.process.terminal = false | .root.readonly = false'
}
change() { jq "$1" b/config.json >b/new && mv b/new b/config.json; }
shell() { change ".process.args = $(jq -cn '["sh", "-c", $ARGS.positional[0]]' --args -- "$1")"; }
own() { awk -F: '$1 == 0 { print $3 }' "/proc/$1/cgroup"; }

run_checks() {
	manager=systemd
	fresh
	[ "$who" = root ] && slice=system.slice || slice=app.slice
	change ".linux.cgroupsPath = \"$slice:prefix:one\" | .linux.resources = {pids: {limit: 44}, memory: {limit: 67108864}}"
	shell 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max'
	oci run --bundle b one
	check "a scope with limits" says "44
67108864"
	shell 'sleep 100'
	timeout 20 coracle oci --systemd-cgroup create --bundle b one </dev/null >log 2>&1
	status=$? output=$(cat log)
	check "create" ok
	pid=$(coracle oci state one | jq .pid)
	output=$(own "$pid")
	check "the process is in the scope" has "/$slice/prefix-one.scope/container"
	dir=/sys/fs/cgroup$output
	oci start one
	oci update --pids-limit 55 one
	output=$(cat "$dir/pids.max")
	check "update" says 55
	[ "$who" = root ] && systemctl daemon-reload || systemctl --user daemon-reload
	output=$(cat "$dir/pids.max" "$dir/memory.max")
	check "systemd, read anew, leaves the limits" says "55
67108864"
	oci pause one
	oci state one
	check "paused" has '"paused"'
	oci resume one
	oci exec one cat /proc/self/cgroup
	check "exec is there, too" says 0::/
	oci delete --force one
	check "delete" ok
	for i in $(seq 50); do [ -e "${dir%/*}" ] && sleep 0.1; done
	output=$(ls -d "${dir%/*}" 2>&1)
	check "no scope is left" has "No such file"
	change '.linux.cgroupsPath = "/a/path"'
	oci run --bundle b one
	check "a path of cgroupfs is an error" has "is not SLICE:PREFIX:NAME"
	change 'del(.linux.cgroupsPath)'
	shell 'cat /sys/fs/cgroup/pids.max'
	oci run --bundle b two
	check "a scope of our own name" says 44
	[ "$who" = root ] || return
	manager=cgroupfs
	change '.linux.cgroupsPath = "/own/three" | .linux.resources.cpu = {quota: 50000, period: 100000} | .linux.resources.unified = {"memory.high": "50000000"}'
	shell 'cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.high'
	oci run --bundle b three
	check "cgroupfs, unified" says "50000 100000
49999872"
	change '.linux.devices = [{path: "/dev/none", type: "c", major: 1, minor: 5}] |
		.process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.permitted += ["CAP_MKNOD"] | .process.capabilities.effective += ["CAP_MKNOD"] |
		.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 8, access: "r"}]'
	shell 'dd if=/dev/zero bs=1 count=1 2>/dev/null | busybox wc -c; mknod /n c 5 3 && (: <>/n) 2>&1 | busybox grep -o "not permitted"; busybox mknod /b b 7 0 && busybox head -c1 /b 2>&1 | busybox grep -o "not permitted"'
	oci run --bundle b four
	check "rules for devices (eBPF)" says "1
not permitted
not permitted"
	ls -d /sys/fs/cgroup/own/three >/dev/null 2>&1 && output=left || output=gone
	check "nothing is left" says gone
}
status=0 output=
run_checks
if [ "$who" = root ]; then
	su -l tester -c "exec bash /host/share/script" </dev/null || failed=1
fi
exit $failed
S
status=0
for kernel in "${@:-uml}"; do
	echo "# $kernel"
	VMRUN_SHARE=$share VMRUN_AS=root "$here/vm-run" "$kernel" "$share/script" || status=1
done
exit $status
