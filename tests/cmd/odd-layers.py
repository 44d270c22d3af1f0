#!/usr/bin/env python3
"""odd-layers.py DIR - write 1.tar, 2.tar, 3.tar: layers of one image with what tar files can have.

Each case has a directory of its own. Sparse files come from GNU tar; umoci.tar has what umoci does not know. below1.tar,
below2.tar, below3.tar: layers whose entries mean something of the layers below; gone.tar hides all that came before."""
import io
import os
import struct
import subprocess
import sys
import tarfile

out = sys.argv[1]
T = tarfile
KINDS = {"f": T.REGTYPE, "d": T.DIRTYPE, "h": T.LNKTYPE, "s": T.SYMTYPE, "p": T.FIFOTYPE, "c": T.CHRTYPE, "b": T.BLKTYPE}


# user::rw- user:7:r-- group::r-- mask::r-- other::r--
ACL = (struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
    (1, 6, 0xffffffff), (2, 4, 7), (4, 4, 0xffffffff), (16, 4, 0xffffffff), (32, 4, 0xffffffff)))).decode("utf-8", "surrogateescape")


class Layer:
    def __init__(self, number, fmt=T.PAX_FORMAT, **k):
        self.path = f"{out}/{number}.tar"
        self.tar = T.open(self.path, "w", format=fmt, encoding="utf-8", errors="surrogateescape", **k)

    def add(self, kind, name, data=b"", link="", mode=None, uid=0, gid=None, mtime=1_500_000_000, pax=None):
        i = T.TarInfo(name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
        i.type = KINDS[kind]
        i.size = len(data)
        i.linkname = link
        i.mode = mode if mode is not None else 0o755 if kind == "d" else 0o644
        i.uid, i.gid = uid, uid if gid is None else gid
        i.mtime = mtime
        i.pax_headers = pax or {}
        self.tar.addfile(i, io.BytesIO(data) if data else None)

    def raw(self, data):
        """Members of another tar, as they are."""
        self.tar.fileobj.write(data)
        self.tar.offset += len(data)


def sparse(args):
    d = f"{out}/sparse"
    os.makedirs(d + "/sparse", exist_ok=True)
    name = "sparse/" + "".join(args).replace("-", "").replace("=", "").replace(".", "")
    with open(f"{d}/{name}", "wb") as f:
        f.write(b"begin")
        f.seek(1 << 20)
        f.write(b"x" * 5000)
        f.seek(3 << 20)
        f.write(b"y" * 4097)
        f.truncate(5 << 20)
    data = subprocess.run(["tar", "-S", *args, "--owner=0", "--group=0", "--numeric-owner", "--mtime=@1500000000", "-b1",
                           "-C", d, "-cf", "-", name], stdout=subprocess.PIPE, check=True).stdout
    return data[:-1024]  # without the end


def first(a):
    a.add("d", "./", mode=0o755)
    # names
    a.add("f", "./names/dot", b"1")
    a.add("f", "names//double", b"2")
    a.add("f", "names/x/../up", b"3")
    a.add("f", "/names/absolute", b"4")
    a.add("f", "names/new\nline", b"5")
    a.add("f", b"names/bytes\xff\xfe", b"6")
    a.add("f", "names/umlaut-\u00e4-\u65e5", b"7")
    a.add("f", "names/" + "l" * 150 + "/" + "m" * 200, b"8")
    a.add("s", "names/longlink", link="t/" * 600)
    a.add("f", "names/ space ", b"9")
    a.add("f", "names/back\\slash", b"10")
    # attributes
    a.add("f", "attr/setuid", b"x", mode=0o4755)
    a.add("f", "attr/setgid", b"x", mode=0o2755, uid=5, gid=6)
    a.add("f", "attr/nothing", b"x", mode=0)
    a.add("d", "attr/sticky", mode=0o1777)
    a.add("d", "attr/setgid-dir", mode=0o2770, uid=7, gid=8)
    a.add("f", "attr/owner", b"x", uid=1000, gid=50)
    a.add("s", "attr/owned-link", link="owner", uid=1000, gid=50)
    a.add("f", "attr/capability", b"x", pax={"SCHILY.xattr.security.capability":
                                             b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0".decode("latin-1")})
    a.add("f", "attr/xattr", b"x", pax={"SCHILY.xattr.user.one": "1", "SCHILY.xattr.user.two": "22"})
    a.add("d", "attr/xattr-dir", pax={"SCHILY.xattr.user.dir": "yes"})
    a.add("f", "attr/old", b"x", mtime=0)
    a.add("f", "attr/negative", b"x", mtime=-86400)
    a.add("f", "attr/future", b"x", mtime=4_000_000_000)
    a.add("f", "attr/fraction", b"x", pax={"mtime": "1500000000.123456789"})
    a.add("f", "attr/comment", b"x", pax={"comment": "c" * 60000})
    a.add("p", "attr/fifo", mode=0o622)
    # order
    a.add("f", "late/inside", b"x", mtime=5)
    a.add("d", "late", mode=0o750, uid=3, mtime=1000)
    # twice in one archive
    a.add("f", "twice/file", b"first", mode=0o600, uid=9)
    a.add("f", "twice/file", b"second")
    a.add("f", "twice/to-dir", b"x")
    a.add("d", "twice/to-dir")
    a.add("f", "twice/to-dir/x", b"y")
    a.add("f", "twice/to-file/a/b", b"x")
    a.add("f", "twice/to-file", b"y")
    a.add("s", "twice/link", link="file")
    a.add("f", "twice/link", b"not through the link")
    a.add("d", "twice/modes", mode=0o700)
    a.add("d", "twice/modes", mode=0o755, uid=4)
    # hard links
    a.add("f", "hard/one", b"content", uid=2)
    a.add("h", "hard/two", link="hard/one", uid=2)
    a.add("h", "elsewhere/three", link="./hard/two", uid=2)
    a.add("s", "hard/soft", link="nowhere")
    a.add("h", "hard/to-soft", link="hard/soft")
    a.add("f", "hard/broken", b"old")
    a.add("h", "hard/kept", link="hard/broken")
    a.add("f", "hard/broken", b"new")
    # links of the archive's own
    a.add("d", "through/real")
    a.add("s", "through/in", link="real")
    a.add("f", "through/in/file", b"x", uid=11)
    a.add("s", "through/abs", link="/through/real")
    a.add("f", "through/abs/file2", b"x")
    a.add("s", "through/out", link="../../../../../../through/real")
    a.add("f", "through/out/file3", b"x")
    a.add("s", "dangling/link", link="../led/to")
    a.add("f", "dangling/link/file", b"x")
    # a directory's list for what is made in it is not for what an archive puts there
    a.add("d", "acl", pax={"SCHILY.xattr.system.posix_acl_default": ACL})
    a.add("f", "acl/file", b"x", mode=0o664)
    a.add("d", "acl/dir")
    a.add("p", "acl/pipe", mode=0o666)
    # for the layers above
    for case in ("gone", "kept"):
        a.add("f", f"white/{case}", b"x")
        a.add("f", f"white/{case}-dir/deep/x", b"x")
    a.add("f", "opaque/hidden", b"x")
    a.add("d", "opaque/hidden-dir")
    a.add("f", "opaque2/hidden", b"x")
    a.add("f", "again/hidden", b"x")
    a.add("f", "file-to-dir", b"x")
    a.add("f", "dir-to-file/x", b"x")
    a.add("d", "dir-mode", mode=0o700)
    a.add("f", "dir-mode/kept", b"x")
    a.add("f", "link-group/a", b"x")
    a.add("h", "link-group/b", link="link-group/a")
    for version in ("0.0", "0.1", "1.0"):
        a.raw(sparse(["--format=pax", f"--sparse-version={version}"]))


def second(b):
    b.add("d", "white")
    b.add("f", "white/.wh.gone")
    b.add("f", "white/.wh.gone-dir")
    b.add("f", "white/.wh.never-there")
    b.add("d", "opaque")
    b.add("f", "opaque/shown", b"y")
    b.add("f", "opaque/.wh..wh..opq")
    b.add("d", "opaque2")
    b.add("f", "opaque2/.wh..wh..opq")
    b.add("f", "opaque2/shown", b"y")
    b.add("f", ".wh.again")
    b.add("d", "again", mode=0o711)
    b.add("f", "again/new", b"y")
    b.add("d", "file-to-dir")
    b.add("f", "file-to-dir/x", b"y")
    b.add("f", "dir-to-file", b"y")
    b.add("d", "dir-mode", mode=0o755, uid=12)
    b.add("d", "link-group")
    b.add("f", "link-group/a", b"one of the two changed")
    b.add("f", "white/upper/x", b"y")


def third(c):
    c.add("d", "white", mode=0o777, mtime=7)
    c.add("f", "white/gone", b"back")
    c.add("f", "white/.wh.upper")
    c.add("d", "opaque")
    c.add("f", "opaque/third", b"z")
    c.add("f", ".wh.again")
    c.add("f", "long/" + "/".join(["p" * 90] * 4), b"z")
    c.add("s", "long/link", link="q" * 300)


def below_first(a):
    a.add("d", "./", mode=0o711, uid=9)
    a.add("d", "parent", mode=0o1770, uid=3, gid=4, pax={"SCHILY.xattr.user.k": "v"})
    a.add("d", "parent/inner", mode=0o700, uid=5)
    a.add("f", "parent/inner/file", b"x")
    a.add("d", "zero", mode=0)
    a.add("f", "zero/gone", b"x")
    a.add("d", "mail", mode=0o2775, gid=8)
    a.add("f", "mail/root", b"not the group's")
    a.add("s", "mail/link", link="root")
    a.add("f", "one", b"one", uid=4, mode=0o640)
    a.add("s", "soft", link="one")
    a.add("d", "real")
    a.add("f", "real/two", b"two", pax={"SCHILY.xattr.user.two": "2"})
    a.add("s", "lib", link="real")
    a.add("f", "covered", b"x")
    a.add("f", "changed", b"before")
    a.add("d", "same", pax={"SCHILY.xattr.user.k": "first"})
    a.add("d", "same", mode=0o700)
    a.add("f", "negative", b"x", pax={"mtime": "-86400.25"})
    a.add("f", "empty-attribute", b"x", pax={"SCHILY.xattr.user.none": "", "SCHILY.xattr.user.some": "1"})
    a.add("f", "dir/.wh.name/inside", b"x")
    a.add("f", "real/hidden", b"x")
    a.add("s", "moved", link="real")
    a.add("s", "lost", link="../../not/there")
    a.add("f", "nowhere/yet/.wh.x")


def below_second(b):
    b.add("f", "parent/new", b"y")
    b.add("f", "parent/inner/new", b"y")
    b.add("f", "zero/.wh.gone")
    b.add("f", "zero/new", b"y")
    b.add("h", "hard/one", link="one")
    b.add("h", "hard/again", link="hard/one")
    b.add("h", "hard/soft", link="./soft")
    b.add("h", "hard/two", link="/real/two")
    b.add("h", "hard/through", link="lib/two")
    b.add("h", "hard/changed", link="changed")
    b.add("f", "hard/taken", b"y")
    b.add("h", "hard/taken", link="one")
    b.add("h", "hard/over", link="one")
    b.add("f", "hard/over", b"a file after all")
    b.add("h", "hard/later", link="one")
    b.add("f", "never/.wh.there")
    b.add("f", "never/file", b"y")
    # through links of the layer below
    b.add("f", "moved/new", b"y")
    b.add("f", "moved/sub/deep", b"y", uid=6)
    b.add("d", "moved/named", mode=0o700, uid=7)
    b.add("f", "moved/.wh.hidden")
    b.add("h", "moved/linked", link="one")
    b.add("f", "lost/file", b"y")
    # of nothing
    b.add("f", "nothing/at/all/.wh.x")
    b.add("f", "nothing/here/.wh.y")
    b.add("f", "nobody/.wh..wh..opq")
    b.add("f", "somebody/.wh.x")
    b.add("h", "somebody/one", link="one")


def below_third(c):
    c.add("f", "parent/newer", b"z")
    c.add("h", "hard/third", link="hard/two")
    c.add("f", "changed", b"after")
    c.add("f", "hard/later", b"z")
    c.add("d", "real", mode=0o750)
    c.add("f", "moved/newer", b"z")
    c.add("f", "moved/.wh.new")


def gone(d):
    d.add("f", ".wh..wh..opq")
    d.add("f", "parent/left", b"alone")


for number, fill, options in ((1, first, {}), (2, second, {}), (3, third, {"fmt": T.GNU_FORMAT}),
                              ("below1", below_first, {}), ("below2", below_second, {}), ("below3", below_third, {}),
                              ("gone", gone, {})):
    layer = Layer(number, **options)
    fill(layer)
    layer.tar.close()

old = Layer("umoci", pax_headers={"comment": "for all"})
old.raw(sparse(["--format=gnu"]))
for kind, name, major, minor in (("c", "dev/null", 1, 3), ("b", "dev/loop0", 7, 0)):
    device = T.TarInfo(name)
    device.type, device.mode, device.devmajor, device.devminor = KINDS[kind], 0o666, major, minor
    old.tar.addfile(device)
old.tar.close()
