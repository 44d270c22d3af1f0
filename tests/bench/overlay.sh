#!/bin/bash
# overlay.sh - the FUSE overlay server against fuse-overlayfs, the kernel's overlay and the bare directory, on the same
# layers: a tree of about 20,000 files in three layers (FILES: where it is taken from). In turns; medians.
. "$(dirname "$0")/lib.sh"
command -v fuse-overlayfs >/dev/null || say "fuse-overlayfs is not installed: not measured"
rounds=${ROUNDS:-5}
dir=$(mktemp -d "${BENCH_DIR:-/tmp}/overlay.XXXXXX")
trap 'unshare --map-root-user rm -rf "$dir"' EXIT
mkdir -p "$dir"/l{1,2,3} "$dir/bare"
(cd "${FILES:-/usr/share}" && find . -xdev -type f -size -200k -print0 | head -z -n 20000 | tar --null -T - -cf -) | tar -C "$dir/bare" -xf -
(cd "$dir/bare" && find . -type f | awk -v d="$dir" '{ print > (d "/files" NR % 3 + 1) }')
for i in 1 2 3; do tar -C "$dir/bare" -T "$dir/files$i" -cf - | tar -C "$dir/l$i" -xf -; done
head -c 268435456 /dev/urandom >"$dir/l1/large"; cp "$dir/l1/large" "$dir/bare/large"
cat "$dir"/files* | head -n 4000 >"$dir/some"
cat >"$dir/work.py" <<'P'
import os, sys, time
os.chdir(sys.argv[1]); some = [l.rstrip("\n") for l in open(sys.argv[2])]
out = []
def t(f):
    a = time.perf_counter(); f(); out.append((time.perf_counter() - a) * 1000)
def walk():
    for p, d, f in os.walk("."):
        for x in d + f: os.lstat(p + "/" + x)
def stat():
    for _ in range(5):
        for f in some: os.stat(f)
def opens():
    for f in some:
        fd = os.open(f, os.O_RDONLY); os.read(fd, 65536); os.close(fd)
def lists():
    for _ in range(3):
        for p, d, f in os.walk("."): pass
def create():
    os.mkdir("new")
    for i in range(2000):
        fd = os.open("new/%d" % i, os.O_CREAT | os.O_WRONLY); os.write(fd, b"x" * 4096); os.close(fd)
def rename():
    for i in range(2000): os.rename("new/%d" % i, "new/r%d" % i)
def unlink():
    for i in range(2000): os.unlink("new/r%d" % i)
def small():
    fd = os.open("small", os.O_CREAT | os.O_WRONLY)
    for i in range(20000): os.write(fd, b"y" * 100)
    os.close(fd)
def copyup():
    for f in some[:500]: os.chmod(f, 0o640)
def wr():
    fd = os.open("big", os.O_CREAT | os.O_WRONLY); b = b"z" * 1048576
    for i in range(256): os.write(fd, b)
    os.close(fd)
def rd():
    fd = os.open("large", os.O_RDONLY)
    while os.read(fd, 1048576): pass
    os.close(fd)
opens_cold = opens
for f in (walk, stat, opens, opens, lists, create, rename, unlink, small, copyup, wr, rd): t(f)
print(" ".join("%.2f" % x for x in out))
P
what="walk stat open-cold open-warm list create rename unlink write100 copyup write read"
# NAME: one round of it
round() {
	local u
	u=$(mktemp -d "$dir/round.XXXXXX"); mkdir "$u"/{up,work,m}
	local o=lowerdir=$dir/l1:$dir/l2:$dir/l3,upperdir=$u/up,workdir=$u/work
	local mount
	case $1 in
	bare) cp -a "$dir/bare/." "$u/m"; mount=: ;;
	kernel) mount="mount -t overlay overlay -o $o,userxattr,volatile $u/m" ;;
	coracle) mount="$CORACLE overlay -o $o,volatile $u/m" ;;
	fuse-overlayfs) mount="fuse-overlayfs -o $o,fsync=0 $u/m" ;;
	esac
	unshare --map-root-user --mount sh -c "$mount && python3 '$dir/work.py' $u/m '$dir/some'
		[ $1 = bare ] || umount $u/m" >>"$dir/result.$1"
	unshare --map-root-user rm -rf "$u"
}
for ((r = 0; r < rounds; r++)); do
	for d in bare kernel coracle fuse-overlayfs; do
		[ $d != fuse-overlayfs ] || command -v fuse-overlayfs >/dev/null || continue
		round $d
	done
done
python3 - "$dir" "$what" <<'P'
import statistics, sys, os
d, what = sys.argv[1], sys.argv[2].split()
m = {}
for n in ("bare", "kernel", "coracle", "fuse-overlayfs"):
    p = d + "/result." + n
    if os.path.exists(p):
        rows = [[float(x) for x in l.split()] for l in open(p) if l.strip()]
        m[n] = [statistics.median(c) for c in zip(*rows)]
print("%-10s" % "ms" + "".join("%16s" % n for n in m) + "   coracle/kernel  coracle/fuse-overlayfs")
for i, w in enumerate(what):
    print("%-10s" % w + "".join("%16.1f" % m[n][i] for n in m) + "%12.2f" % (m["coracle"][i] / m["kernel"][i]) +
          ("%16.2f" % (m["coracle"][i] / m["fuse-overlayfs"][i]) if "fuse-overlayfs" in m else ""))
P
