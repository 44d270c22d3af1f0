#!/usr/bin/env python3
"""posix-cases.py prepare DIR | run DIR: what POSIX calls answer, one line a case, to be compared between file systems.

prepare makes a tree (a lower layer, or a plain directory); run works on it, as root of a user namespace that has other
ids too, and prints errno values, modes, owners, link counts and which times have changed.
"""
import ctypes, errno, fcntl, os, socket, stat, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
ALICE, BOB = 1000, 1001
CLOCK_REALTIME_COARSE = 5
TYPES = "file dir fifo link sock".split()
ORIGINS = "lower upper".split()
LONG = "n" * 255


def make(path, kind):
    if kind == "file":
        with open(path, "w") as f:
            f.write("content of it\n")
    elif kind == "dir":
        os.mkdir(path)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        os.symlink("nowhere", path)
    elif kind == "sock":
        s = socket.socket(socket.AF_UNIX)
        s.bind(path)
        s.close()


COUNT = 60  # of each kind, used up one by one
LINKED = 5  # pairs of names


def prepare(top):
    os.umask(0o022)
    os.chdir(top)
    for kind in TYPES:
        os.mkdir(kind)
        for i in range(COUNT):
            make("%s/%d" % (kind, i), kind)
            # No two the same, or a rename would sometimes seem to keep a time.
            when = 10**18 + TYPES.index(kind) * 1000 + i
            os.utime("%s/%d" % (kind, i), ns=(when, when), follow_symlinks=False)
    os.mkdir("full")
    make("full/x", "file")
    os.mkdir("sticky")
    os.chmod("sticky", 0o1777)
    os.mkdir("sgid")
    os.chown("sgid", 0, BOB)
    os.chmod("sgid", 0o2775)
    for name, owner in (("sticky/alice", ALICE), ("sticky/bob", BOB), ("sticky/root", 0)):
        make(name, "file")
        os.chown(name, owner, owner)
    os.mkdir("sticky/dir-bob")
    os.chown("sticky/dir-bob", BOB, BOB)
    os.symlink("loop", "loop")
    os.symlink("file", "to-dir")
    for i in range(LINKED):
        make("pair%d-a" % i, "file")
        os.link("pair%d-a" % i, "pair%d-b" % i)
    os.mkdir("list")
    for i in range(100):
        make("list/%d" % i, "file")
    make("linked", "file")
    os.link("linked", "linked2")
    for program in ("true", "cat"):
        with open("/bin/" + program, "rb") as i, open(program + "-lower", "wb") as f:
            f.write(i.read())
        os.chmod(program + "-lower", 0o755)
    make("suid", "file")
    os.chmod("suid", 0o6755)
    make("suid2", "file")
    os.chown("suid2", ALICE, ALICE)
    os.chmod("suid2", 0o6777)


used = {}


def fresh(kind, origin):
    n = used[kind, origin] = used.get((kind, origin), -1) + 1
    if origin == "lower":
        assert n < COUNT, kind
        return "%s/%d" % (kind, n)
    make("%s/u%d" % (kind, n), kind)
    return "%s/u%d" % (kind, n)


def name(e):
    return errno.errorcode.get(e, str(e))


def call(f, *a, **k):
    """Its answer, or the name of its error."""
    try:
        r = f(*a, **k)
    except OSError as e:
        return name(e.errno)
    if isinstance(r, int) and not isinstance(r, bool) and f in (os.open, tmpfile):
        os.close(r)
        return "ok"
    return "ok" if r is None else r


def raw(function, *a):
    """A call of libc that Python has not, with its errors."""
    a = [os.fsencode(x) if isinstance(x, str) else x for x in a]
    if getattr(libc, function)(*a) < 0:
        raise OSError(ctypes.get_errno(), function)


def tmpfile(path, flags=os.O_RDWR):
    return os.open(path, os.O_TMPFILE | flags, 0o644)


def say(*a):
    print(*a)


def tick(after):
    while time.clock_gettime_ns(CLOCK_REALTIME_COARSE) <= after + 1000000:
        pass


def times(paths):
    r = {}
    for p in paths:
        try:
            s = os.lstat(p)
            r[p] = (s.st_mtime_ns, s.st_ctime_ns)
        except OSError:
            pass
    return r


def watch(title, paths, f, *a, **k):
    """The answer, and whose mtime and ctime it has changed."""
    before = times(paths)
    tick(max([max(t) for t in before.values()] + [0]))
    r = call(f, *a, **k)
    after = times(paths)
    changed = []
    for i, p in enumerate(paths):
        if p in before and p in after:
            changed.append("%d:%s%s" % (i, "m" if before[p][0] != after[p][0] else "-", "c" if before[p][1] != after[p][1] else "-"))
        elif p in before or p in after:
            changed.append("%d:%s" % (i, "new" if p in after else "gone"))
    say(title, r, " ".join(changed))


def asuser(uid, gid, groups, f, *a, **k):
    """Its answer, given by another user."""
    sys.stdout.flush()
    rd, wr = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            os.write(wr, str(call(f, *a, **k)).encode())
        finally:
            os._exit(0)
    os.close(wr)
    out = os.read(rd, 4096).decode()
    os.close(rd)
    os.waitpid(pid, 0)
    return out


def alice(f, *a, **k):
    return asuser(ALICE, ALICE, [ALICE], f, *a, **k)


def mode(path):
    s = os.lstat(path)
    return "%o %d:%d links %d" % (s.st_mode, s.st_uid, s.st_gid, s.st_nlink if not stat.S_ISDIR(s.st_mode) else 0)


def write(path, data=b"x", flags=os.O_WRONLY):
    fd = os.open(path, flags)
    try:
        return os.write(fd, data)
    finally:
        os.close(fd)


def each():
    for kind in TYPES:
        for origin in ORIGINS:
            yield kind, origin, "%s %s:" % (origin, kind)


def times_and_types():
    for kind, origin, t in each():
        p = fresh(kind, origin)
        d = os.path.dirname(p)
        if kind != "link":
            watch(t + " chmod", [p, d], os.chmod, p, 0o604)
            say(t, mode(p))
            watch(t + " chmod sticky", [p], os.chmod, p, 0o1604)
            say(t, mode(p))
        watch(t + " lchown", [p, d], os.lchown, p, ALICE, BOB)
        say(t, mode(p))
        watch(t + " lchown -1", [p, d], os.lchown, p, -1, -1)
        watch(t + " utime", [p], os.utime, p, ns=(10**18 + 1, 10**18 + 2), follow_symlinks=False)
        say(t, os.lstat(p).st_mtime_ns, os.lstat(p).st_atime_ns)
        watch(t + " utime now", [p], os.utime, p, follow_symlinks=False)
        p = fresh(kind, origin)
        watch(t + " link", [p, d, p + ".l"], os.link, p, p + ".l", follow_symlinks=False)
        if kind != "dir":
            say(t, mode(p), mode(p + ".l"), os.lstat(p).st_ino == os.lstat(p + ".l").st_ino)
            watch(t + " unlink of one name", [p, d, p + ".l"], os.unlink, p + ".l")
            say(t, mode(p))
        p = fresh(kind, origin)
        watch(t + " rename", [p, d, p + ".r", "."], os.rename, p, p + ".r")
        watch(t + " rename elsewhere", [p + ".r", d, "moved-%s-%s" % (kind, origin), "."], os.rename, p + ".r", "moved-%s-%s" % (kind, origin))
        p = fresh(kind, origin)
        watch(t + " unlink", [p, d], os.unlink, p)
        p = fresh(kind, origin)
        watch(t + " rmdir", [p, d], os.rmdir, p)
        p = fresh(kind, origin)
        watch(t + " truncate", [p, d], os.truncate, p, 5)
        # FUSE with a write-back cache sets no time when the size stays.
        say(t, "truncate to the same", call(os.truncate, p, 5))
        watch(t + " truncate longer", [p, d], os.truncate, p, 12345)
        say(t, "truncate negative", call(os.truncate, p, -1))
        watch(t + " readlink", [p], os.readlink, p)
        for flags in "O_RDONLY O_WRONLY O_RDWR O_DIRECTORY O_TRUNC O_NOFOLLOW O_EXCL".split():
            p = fresh(kind, origin)
            f = getattr(os, flags) | os.O_NONBLOCK
            if flags == "O_TRUNC":
                f |= os.O_WRONLY
            if flags == "O_EXCL":
                f |= os.O_CREAT | os.O_WRONLY
            watch("%s open %s" % (t, flags), [p, d], os.open, p, f)
        say(t, "mkdir over it", call(os.mkdir, p), "mkfifo", call(os.mkfifo, p), "symlink", call(os.symlink, "x", p),
            "link", call(os.link, "full/x", p), "mknod", call(os.mknod, p, stat.S_IFREG))
        say(t, "below it", [call(f, p + "/x") for f in (os.stat, os.unlink, os.rmdir, os.mkfifo, os.readlink)],
            call(os.chmod, p + "/x", 0), call(os.rename, p + "/x", "y"), call(os.rename, "full/x", p + "/x/y"))


def renames():
    for kind, origin, t in each():
        for kind2, origin2, t2 in each():
            a = fresh(kind, origin)
            tick(max(times([a])[a]))
            b = fresh(kind2, origin2)
            watch("rename %s onto %s" % (t, t2), [a, b, os.path.dirname(a), os.path.dirname(b)], os.rename, a, b)
            say("  ", mode(a) if os.path.lexists(a) else "-", mode(b))


def renames2():
    NOREPLACE, EXCHANGE, WHITEOUT = 1, 2, 4
    for kind, origin, t in each():
        a, b = fresh(kind, origin), fresh("file", "upper")
        say("noreplace", t, call(raw, "renameat2", -100, a, -100, b, NOREPLACE), call(raw, "renameat2", -100, a, -100, a + ".n", NOREPLACE))
        say("exchange", t, call(raw, "renameat2", -100, a + ".n", -100, b, EXCHANGE), mode(a + ".n"), mode(b),
            call(raw, "renameat2", -100, b, -100, "none", EXCHANGE), call(raw, "renameat2", -100, b, -100, b, EXCHANGE))
        say("both", t, call(raw, "renameat2", -100, b, -100, "none", EXCHANGE | NOREPLACE), call(raw, "renameat2", -100, b, -100, "none", 64))
    os.mkdir("tree"); os.mkdir("tree/a"); os.mkdir("tree/a/b")
    say("into itself", call(os.rename, "tree", "tree/a/c"), call(os.rename, "tree/a", "tree"), call(os.rename, "tree/a/b", "tree"))
    say("dots", call(os.rename, "tree/a/.", "x"), call(os.rename, "tree/a/..", "x"), call(os.rename, "tree", "tree/a/.."),
        call(os.rmdir, "tree/a/."), call(os.rmdir, "tree/a/.."), call(os.rmdir, "tree"), call(os.rmdir, "full"),
        call(os.unlink, "tree"), call(os.unlink, "tree/."))
    say("onto full", call(os.rename, "tree/a/b", "full"), call(os.rename, "full", "tree/a/b"), os.listdir("tree/a/b"))
    say("slashes", call(os.rename, "tree/a/b/", "tree/b/"), call(os.mkdir, "tree/new/"), call(os.rmdir, "tree/new/"), call(os.unlink, "tree/b/x/"),
        call(os.open, "tree/none/", os.O_CREAT | os.O_WRONLY), call(os.symlink, "x", "tree/s/"), call(os.mkfifo, "tree/f/"))
    say("same file", call(os.rename, "linked", "linked2"), mode("linked"), mode("linked2"))
    say("link count", call(os.link, "linked", "linked3"), mode("linked2"), call(os.unlink, "linked"), mode("linked3"), call(os.rename, "linked2", "linked3"),
        mode("linked2"))


def names():
    n256, deep = "n" * 256, "/".join(["d" * 200] * 30)
    say("255", call(os.mkdir, LONG), call(os.rename, LONG, "short"), call(os.rename, "short", LONG), call(os.rmdir, LONG),
        call(os.open, LONG, os.O_CREAT | os.O_WRONLY), call(os.unlink, LONG), call(os.symlink, "x", LONG), call(os.unlink, LONG), call(os.mkfifo, LONG), call(os.unlink, LONG))
    for f in (os.mkdir, os.stat, os.unlink, os.rmdir, os.mkfifo, os.readlink):
        say("too long", f.__name__, call(f, n256), call(f, deep), call(f, "loop/x"))
    say("too long", call(os.rename, "full/x", n256), call(os.rename, n256, "x"), call(os.link, "full/x", n256), call(os.symlink, "x", n256),
        call(os.symlink, "x" * 4095, "longlink"), call(os.symlink, "x" * 4096, "longlink2"), call(os.symlink, "", "emptylink"),
        call(os.open, n256, os.O_CREAT), call(os.truncate, n256, 0), call(os.chmod, n256, 0), call(os.lchown, n256, 0, 0))
    say("readlink", len(os.readlink("longlink")) if os.path.lexists("longlink") else "-")
    say("loop", call(os.open, "loop", os.O_RDONLY), call(os.open, "loop", os.O_CREAT), call(os.open, "loop", os.O_CREAT | os.O_EXCL), call(os.truncate, "loop", 0), call(os.link, "full/x", "loop/y"))
    say("mknod", call(os.mknod, "dev", stat.S_IFCHR | 0o600, os.makedev(1, 3)), call(os.mknod, "dev", stat.S_IFBLK | 0o600, os.makedev(1, 3)),
        call(os.mknod, "reg", stat.S_IFREG | 0o640), mode("reg"), call(os.mknod, "dirnode", stat.S_IFDIR | 0o640))


def permissions():
    os.mkdir("priv", 0o700)
    make("priv/x", "file")
    say("search", [alice(f, "priv/x") for f in (os.stat, os.unlink, os.rmdir, os.readlink)], alice(os.open, "priv/x", os.O_RDONLY),
        alice(os.mkdir, "priv/n"), alice(os.rename, "priv/x", "priv/y"), alice(os.link, "priv/x", "sticky/l"))
    os.mkdir("ro", 0o755)
    make("ro/x", "file")
    say("write", alice(os.mkdir, "ro/n"), alice(os.unlink, "ro/x"), alice(os.rename, "ro/x", "ro/y"), alice(os.open, "ro/n", os.O_CREAT | os.O_WRONLY),
        alice(os.symlink, "x", "ro/l"), alice(os.link, "ro/x", "ro/z"), alice(os.mkfifo, "ro/f"), alice(os.open, "ro/x", os.O_WRONLY), alice(os.truncate, "ro/x", 0),
        alice(os.chmod, "ro/x", 0o777), alice(os.chown, "ro/x", ALICE, -1), alice(os.utime, "ro/x"), alice(os.utime, "ro/x", (1, 1)), alice(tmpfile, "ro"))
    for victim in ("alice", "bob", "root"):
        say("sticky", victim, alice(os.rename, "sticky/" + victim, "sticky/moved"), alice(os.rename, "sticky/moved", "sticky/" + victim),
            alice(os.open, "sticky/n-" + victim, os.O_CREAT | os.O_WRONLY, 0o666), alice(os.rename, "sticky/n-" + victim, "sticky/" + victim), alice(os.unlink, "sticky/" + victim))
    say("sticky dir", alice(os.rmdir, "sticky/dir-bob"), alice(os.rename, "sticky/dir-bob", "sticky/d2"))
    os.mkdir("open", 0o777)
    os.chmod("open", 0o777)
    for kind in ("file", "dir", "fifo", "link", "sock"):
        say("made by alice", kind, alice(make, "open/a-" + kind, kind), mode("open/a-" + kind), alice(os.lchown, "open/a-" + kind, BOB, -1), alice(os.lchown, "open/a-" + kind, -1, BOB),
            asuser(ALICE, ALICE, [ALICE, BOB], os.lchown, "open/a-" + kind, -1, BOB), mode("open/a-" + kind))
        say("made in sgid", kind, asuser(ALICE, ALICE, [ALICE, BOB], make, "sgid/a-" + kind, kind), mode("sgid/a-" + kind))
        say("made by root", kind, call(make, "sgid/r-" + kind, kind), mode("sgid/r-" + kind))
    say("tmpfile in sgid", call(tmpfile, "sgid"), call(tmpfile, "sgid", os.O_RDONLY), call(tmpfile, "none"), call(tmpfile, "full/x"))
    make("open/c", "file")
    os.chown("open/c", ALICE, BOB)
    say("chmod sgid of another group", alice(os.chmod, "open/c", 0o2755), mode("open/c"), asuser(ALICE, ALICE, [BOB], os.chmod, "open/c", 0o6755), mode("open/c"),
        alice(os.chown, "open/c", -1, ALICE), mode("open/c"))
    os.chmod("open/c", 0o6755)
    say("chown by root keeps or clears", call(os.chown, "open/c", 0, 0), mode("open/c"))
    os.chmod("open/c", 0o6755)
    say("chown nothing", call(os.chown, "open/c", -1, -1), mode("open/c"))
    os.chmod("open/c", 0o2745)
    say("sgid without x", call(os.chown, "open/c", ALICE, ALICE), mode("open/c"))
    for victim in ("suid", "suid2"):
        say("write", victim, alice(write, victim), mode(victim))
        if victim == "suid2":
            os.chmod(victim, 0o6777)
            say("truncate", victim, alice(os.truncate, victim, 1), mode(victim))
            os.chmod(victim, 0o6777)
            say("O_TRUNC", victim, alice(os.open, victim, os.O_WRONLY | os.O_TRUNC), mode(victim))
            os.chmod(victim, 0o6777)
            say("write as root", call(write, victim), mode(victim))
            say("truncate as root", call(os.truncate, victim, 3), mode(victim))
            os.chmod(victim, 0o2767)
            say("sgid without group x", alice(write, victim), mode(victim))
    make("open/m", "file")
    for bits in range(8):
        os.chown("open/m", ALICE, BOB)
        os.chmod("open/m", bits << 6 | (7 - bits) << 3)
        say("mode %o" % (os.stat("open/m").st_mode & 0o777), [alice(os.access, "open/m", k) for k in (4, 2, 1)], [alice(os.open, "open/m", k) for k in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR)],
            asuser(BOB, BOB, [BOB], os.open, "open/m", os.O_RDWR), asuser(5, 5, [5], os.open, "open/m", os.O_RDONLY))
    say("times by others", asuser(BOB, BOB, [BOB], os.utime, "open/m"), asuser(BOB, BOB, [BOB], os.utime, "open/m", (1, 1)), alice(os.utime, "open/m", (1, 1)))
    for when in (-1, 0, 2**31 - 1, 2**31, 2**32, 2**33):
        say("time", when, call(os.utime, "open/m", ns=(when * 10**9 + 123456789, when * 10**9 + 987654321)), os.stat("open/m").st_atime_ns, os.stat("open/m").st_mtime_ns)
    say("unmapped", call(os.chown, "open/m", 3000000, -1))
    say("create 0444 for writing", call(os.open, "open/r", os.O_CREAT | os.O_WRONLY, 0o444), alice(os.open, "open/r2", os.O_CREAT | os.O_RDWR, 0), mode("open/r2"))


def data():
    for origin in ORIGINS:
        p = fresh("file", origin)
        d = "file"
        watch(origin + " write", [p, d], write, p)
        watch(origin + " write nothing", [p, d], write, p, b"")
        watch(origin + " read", [p, d], lambda: len(open(p).read()))
        fd = os.open(p, os.O_RDWR)
        watch(origin + " ftruncate", [p], os.ftruncate, fd, 100)
        watch(origin + " ftruncate same", [p], os.ftruncate, fd, 100)
        watch(origin + " posix_fallocate", [p], os.posix_fallocate, fd, 0, 50)
        watch(origin + " posix_fallocate longer", [p], os.posix_fallocate, fd, 0, 500)
        say(os.fstat(fd).st_size, call(os.posix_fallocate, fd, -1, 5), call(os.posix_fallocate, fd, 0, 0), call(os.ftruncate, fd, -1))
        watch(origin + " fchmod", [p], os.fchmod, fd, 0o640)
        watch(origin + " fchown", [p], os.fchown, fd, ALICE, -1)
        os.rename(p, p + "-moved")
        say("moved", os.fstat(fd).st_size, call(os.write, fd, b"abc"), open(p + "-moved").read(3))
        os.unlink(p + "-moved")
        s = os.fstat(fd)
        say("open, no name", s.st_nlink, s.st_size, call(os.write, fd, b"def"), call(os.pread, fd, 3, 3), call(os.fchmod, fd, 0o600), "%o" % os.fstat(fd).st_mode,
            call(os.fchown, fd, 0, 0), call(os.ftruncate, fd, 2), os.fstat(fd).st_size, call(os.utime, fd, (5, 6)), os.fstat(fd).st_mtime)
        say("no name", call(os.setxattr, fd, "user.a", b"b"), call(os.getxattr, fd, "user.a"), call(os.listxattr, fd), call(os.removexattr, fd, "user.a"), call(os.listxattr, fd))
        say("relink", call(os.link, "/proc/self/fd/%d" % fd, "again", follow_symlinks=True))
        os.close(fd)
        p = fresh("file", origin)
        rd = os.open(p, os.O_RDONLY)
        say("write to read-only", call(os.write, rd, b"x"), call(os.ftruncate, rd, 0), call(os.fallocate if hasattr(os, "fallocate") else os.posix_fallocate, rd, 0, 5))
        a = os.open(p, os.O_WRONLY | os.O_APPEND)
        call(os.pwrite, a, b"Z", 0)
        say("seen by the reader", os.read(rd, 100), os.fstat(rd).st_ino == os.fstat(a).st_ino, os.fstat(rd).st_size)
        say("locks", call(fcntl.flock, rd, fcntl.LOCK_EX), call(fcntl.flock, a, fcntl.LOCK_EX | fcntl.LOCK_NB), call(fcntl.lockf, a, fcntl.LOCK_EX | fcntl.LOCK_NB))
        os.close(rd); os.close(a)
        p = fresh("file", origin)
        say("xattr", call(os.setxattr, p, "user.x", b"1", os.XATTR_CREATE), call(os.setxattr, p, "user.x", b"2", os.XATTR_CREATE), call(os.setxattr, p, "user.y", b"2", os.XATTR_REPLACE),
            call(os.getxattr, p, "user.x"), call(os.getxattr, p, "user.none"), sorted(os.listxattr(p)), call(os.removexattr, p, "user.none"), call(os.setxattr, p, "user.", b""),
            call(os.setxattr, p, "none.x", b""), call(os.setxattr, p, "user." + "x" * 250, b"v"), call(os.setxattr, p, "user." + "x" * 251, b"v"))
        for kind in ("link", "fifo"):
            q = fresh(kind, origin)
            say("xattr of", kind, call(os.setxattr, q, "user.x", b"1", follow_symlinks=False), call(os.getxattr, q, "user.x", follow_symlinks=False), call(os.listxattr, q, follow_symlinks=False))
        fd = os.open(p, os.O_RDWR)
        watch(origin + " xattr times", [p], os.setxattr, p, "user.z", b"1")
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        os.close(fd)
        q = fresh("dir", origin)
        dfd = os.open(q, os.O_RDONLY)
        os.rmdir(q)
        say("removed dir", os.listdir(dfd), call(os.mkdir, "x", dir_fd=dfd), call(os.open, "x", os.O_CREAT, dir_fd=dfd), os.fstat(dfd).st_nlink, call(os.open, ".", os.O_RDONLY, dir_fd=dfd))
        os.close(dfd)


def executing():
    for origin in ORIGINS:
        for program in ("true", "cat"):
            if origin == "upper":
                with open("/bin/" + program, "rb") as i, open(program + "-upper", "wb") as f:
                    f.write(i.read())
                os.chmod(program + "-upper", 0o755)
        rd, wr = os.pipe()
        rd2, wr2 = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(rd, 0)
            os.dup2(wr2, 1)
            os.execv("./cat-" + origin, ["cat"])
        os.write(wr, b"running")
        os.read(rd2, 10)
        p = "cat-" + origin
        say(origin, "text busy", call(os.open, p, os.O_WRONLY), call(os.truncate, p, 0), call(os.chmod, p, 0o700), call(os.rename, p, p + "2"), call(os.unlink, p + "2"))
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        for fd in (rd, wr, rd2, wr2):
            os.close(fd)
        fd = os.open("true-" + origin, os.O_WRONLY)
        say(origin, "open for writing", call(os.posix_spawn, "./true-" + origin, ["true"], {}))
        os.close(fd)


def listing():
    os.mkdir("many")
    for i in range(500):
        os.close(os.open("many/%d" % i, os.O_CREAT | os.O_WRONLY))
    seen = []
    with os.scandir("many") as it:
        for n, e in enumerate(it):
            seen.append(e.name)
            os.unlink("many/" + e.name)
    say("removed while listed", len(seen), len(set(seen)), os.listdir("many"))
    say("types", sorted((e.name, e.is_dir(follow_symlinks=False), e.is_symlink(), e.inode() == e.stat(follow_symlinks=False).st_ino) for e in os.scandir("sgid")))
    say("numbers", all(e.inode() == e.stat(follow_symlinks=False).st_ino for d in TYPES for e in os.scandir(d)))
    say("one device", len({os.lstat(os.path.join(p, x)).st_dev for p, d, f in os.walk(".") for x in d + f}))


def hardlinks():
    for origin in ORIGINS:
        def pair(n):
            names = ["%s%d-%s" % ("pair" if origin == "lower" else "upair", n, x) for x in "ab"]
            if origin == "upper":
                make(names[0], "file")
                os.link(*names)
            return names
        for n, over in enumerate(ORIGINS):
            a, b = pair(n)
            f = fresh("file", over)
            tick(max(times([a])[a]))
            watch("%s: %s file onto one name" % (origin, over), [f, a, b], os.rename, f, a)
            say(mode(a), mode(b))
        a, b = pair(2)
        fd = os.open(b, os.O_RDONLY)
        watch(origin + ": unlink one", [a, b], os.unlink, a)
        say(os.fstat(fd).st_nlink, call(os.unlink, b), os.fstat(fd).st_nlink)
        os.close(fd)
        a, b = pair(3)
        s = os.stat(a)
        write(a, b"W")
        say(open(b).read(3), [(mode(x), os.stat(x).st_ino == s.st_ino) for x in (a, b)])
        watch(origin + ": a third", [a, b], os.link, b, b + "c")
        watch(origin + ": chmod of one", [a, b, b + "c"], os.chmod, a, 0o600)
        watch(origin + ": onto its other name", [a, b], os.rename, a, b)
        a, b = pair(4)
        other = "other-" + origin
        os.mkdir(other)
        watch(origin + ": elsewhere", [b, other], os.rename, a, other + "/" + a)
        say(mode(b), mode(other + "/" + a))
        fd, f = os.open(b, os.O_RDONLY), fresh("file", "upper")
        os.rename(f, b)
        say("open", os.fstat(fd).st_nlink, os.read(fd, 100))
        os.close(fd)


def make_with_mode(path, kind, bits):
    os.umask(0)
    if kind == "dir":
        os.mkdir(path, bits)
    elif kind == "fifo":
        os.mkfifo(path, bits)
    elif kind == "tmpfile":
        fd = os.open(os.path.dirname(path), os.O_TMPFILE | os.O_RDWR, bits)
        os.link("/proc/self/fd/%d" % fd, path, follow_symlinks=True)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, bits))


def set_id_modes():
    os.mkdir("sgid2")
    os.chown("sgid2", 0, BOB)
    os.chmod("sgid2", 0o2777)
    os.chmod("sgid", 0o2777)
    for d in ("sgid", "sgid2", "open"):
        for kind in ("file", "dir", "fifo", "tmpfile"):
            for bits in (0o2755, 0o2644, 0o6777, 0o1777):
                p = "%s/m-%s-%o" % (d, kind, bits)
                say(p, alice(make_with_mode, p, kind, bits), asuser(ALICE, ALICE, [BOB], make_with_mode, p + "g", kind, bits), call(make_with_mode, p + "r", kind, bits),
                    [mode(x) for x in (p, p + "g", p + "r") if os.path.lexists(x)])
                os.umask(0o022)


def acl(*entries):
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


def acls():
    ACCESS, DEFAULT, NOBODY = "system.posix_acl_access", "system.posix_acl_default", 0xffffffff
    bob = acl((1, 6, NOBODY), (2, 7, BOB), (4, 4, NOBODY), (16, 7, NOBODY), (32, 0, NOBODY))
    plain = acl((1, 7, NOBODY), (4, 5, NOBODY), (32, 5, NOBODY))
    for origin in ORIGINS:
        p, d = fresh("file", origin), fresh("dir", origin)
        say(origin, "none", call(os.removexattr, p, ACCESS), call(os.removexattr, d, DEFAULT))
        watch("set", [p], os.setxattr, p, ACCESS, bob)
        say(mode(p), os.listxattr(p), asuser(BOB, BOB, [], os.open, p, os.O_RDWR), alice(os.open, p, os.O_RDONLY))
        say("chmod", call(os.chmod, p, 0o600), mode(p), os.getxattr(p, ACCESS).hex(), asuser(BOB, BOB, [], os.open, p, os.O_RDWR))
        say("refused", call(os.setxattr, p, DEFAULT, bob), alice(os.setxattr, p, ACCESS, bob))
        say("nothing but a mode", call(os.setxattr, p, ACCESS, plain), mode(p), os.listxattr(p))
        os.chown(p, ALICE, BOB)
        for groups in ([BOB], [ALICE]):
            os.chmod(p, 0o6755)
            say("set-group-id", groups, asuser(ALICE, ALICE, groups, os.setxattr, p, ACCESS, plain), mode(p))
        os.chmod(p, 0o2755)
        say("another attribute", alice(os.setxattr, p, "user.large", b"v" * 3000), mode(p), call(os.setxattr, p, ACCESS, bob), mode(p))
        os.chmod(d, 0o777)
        watch("default", [d], os.setxattr, d, DEFAULT, bob)
        for kind in ("file", "dir", "fifo"):
            q = d + "/" + kind
            say(kind, alice(make_with_mode, q, kind, 0o666), mode(q), [(x, os.getxattr(q, x).hex()) for x in sorted(os.listxattr(q))])
        say("no default", call(os.removexattr, d, DEFAULT), call(make, d + "/after", "file"), mode(d + "/after"), os.listxattr(d))


def positions():
    libc.opendir.restype = libc.readdir.restype = ctypes.c_void_p
    libc.telldir.restype = ctypes.c_long
    for f in (libc.readdir, libc.telldir, libc.rewinddir, libc.closedir):
        f.argtypes = [ctypes.c_void_p]
    libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]

    def entry(d):
        e = libc.readdir(d)
        return ctypes.string_at(e + 19).decode() if e else None

    def rest(d):
        return list(iter(lambda: entry(d), None))

    d = libc.opendir(b"list")
    rest(d)
    for new, old in (("new1", "7"), ("new2", "8")):
        make("list/" + new, "file")
        os.unlink("list/" + old)
        libc.rewinddir(d)
        seen = rest(d)
        say("after rewinddir", len(seen), len(set(seen)), new in seen, old in seen)
    libc.rewinddir(d)
    at = []
    while True:
        where, what = libc.telldir(d), entry(d)
        if what is None:
            break
        at.append((where, what))
    again = []
    for where, what in at[::-3]:
        libc.seekdir(d, where)
        again.append(entry(d) == what)
    say("seekdir", all(again), len(at), len({where for where, _ in at}))
    libc.closedir(d)
    count = 0
    with os.scandir("list") as it:
        for e in it:
            count += 1
            os.rename("list/" + e.name, "list/renamed%d" % count)
            if count > 1000:
                break
    say("renamed while listed: ends", count <= 1000)


def run(top):
    os.umask(0o022)
    os.chdir(top)
    for f in (times_and_types, names, permissions, data, executing, listing, renames, renames2, hardlinks, set_id_modes, acls, positions):
        say("#", f.__name__)
        f()
        used_up = [k for k, v in used.items() if k[1] == "lower" and v > COUNT - 1]
        assert not used_up


{"prepare": prepare, "run": run}[sys.argv[1]](sys.argv[2])
