#!/bin/sh
# cgroup.sh BUILDDIR [KERNEL]... - limits with a real systemd user session: runs test_cgroup in a virtual machine.
# KERNEL is one of vm-run's; uml, which takes seconds, when none is given.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift
[ -x "$build/tests/unit/test_cgroup" ] || { echo "cgroup.sh: run make check-programs in $build first" >&2; exit 1; }
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
chmod 755 "$share"
cp "$build/tests/unit/test_cgroup" "$share/"
cat >"$share/script" <<'S'
#!/bin/sh
set -e
export CORACLE_TEST_CGROUP=1
echo "# from a login session"
/host/share/test_cgroup
echo "# in a delegated scope"
systemd-run --user --scope -q -p Delegate=yes /host/share/test_cgroup
sleep 0.3
left=$(find /sys/fs/cgroup -name 'coracle-*')
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo ok
S
for kernel in "${@:-uml}"; do
	echo "== $kernel"
	VMRUN_SHARE=$share "$here/vm-run" "$kernel" "$share/script"
done
