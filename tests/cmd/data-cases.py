#!/usr/bin/env python3
"""data-cases.py SEED STEPS FILE: random reads, writes, maps, truncations and holes on FILE against a model in memory."""
import ctypes, errno, mmap, os, random, sys

libc = ctypes.CDLL(None, use_errno=True)
KEEP_SIZE, PUNCH, COLLAPSE, ZERO, INSERT = 1, 2, 8, 16, 32
MAX = 400000
seed, steps, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rand = random.Random(seed)
step = 0
log = []


def fail(what):
    print("seed %d step %d: %s; before it:" % (seed, step, what))
    print("\n".join(log[-12:]))
    sys.exit(1)


class File:
    def __init__(self, name):
        self.name = name
        self.fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o644)
        self.model = bytearray(os.pread(self.fd, MAX, 0))

    def reopen(self, flags=0):
        os.close(self.fd)
        self.fd = os.open(self.name, os.O_RDWR | flags)

    def put(self, at, data):
        if at > len(self.model):
            self.model.extend(bytes(at - len(self.model)))
        self.model[at:at + len(data)] = data

    def check(self, at, got, size):
        want = bytes(self.model[at:at + size])
        if got != want:
            i = next((i for i in range(min(len(got), len(want))) if got[i] != want[i]), min(len(got), len(want)))
            fail("%s: %d bytes at %d: differ at %d (%d bytes instead of %d)" % (self.name, size, at, at + i, len(got), len(want)))


def text(n):
    return bytes([rand.randrange(1, 256)]) * n


def op_write(f):
    at, n = rand.randrange(MAX // 2), rand.choice((1, 100, 4096, rand.randrange(1, 150000)))
    log.append("write %d at %d" % (n, at))
    data = text(n)
    if os.pwrite(f.fd, data, at) != n:
        fail("short write")
    f.put(at, data)


def op_append(f):
    if len(f.model) > MAX // 2:
        return
    fd = os.open(f.name, os.O_WRONLY | os.O_APPEND)
    data = text(rand.randrange(1, 9000))
    log.append("append %d" % len(data))
    os.write(fd, data)
    os.close(fd)
    f.put(len(f.model), data)


def op_read(f):
    at, n = rand.randrange(MAX // 2), rand.randrange(1, 200000)
    log.append("read %d at %d" % (n, at))
    f.check(at, os.pread(f.fd, n, at), n)


def op_truncate(f):
    n = rand.randrange(MAX // 2)
    log.append("truncate %d" % n)
    if rand.random() < 0.5:
        os.ftruncate(f.fd, n)
    else:
        os.truncate(f.name, n)
    del f.model[n:]
    f.model.extend(bytes(n - len(f.model)))


def op_map(f):
    if not f.model:
        return
    with mmap.mmap(f.fd, 0) as m:
        if len(m) != len(f.model):
            fail("size %d, not %d" % (len(m), len(f.model)))
        at = rand.randrange(len(m))
        n = min(rand.randrange(1, 70000), len(m) - at)
        if rand.random() < 0.5:
            log.append("read the map, %d at %d" % (n, at))
            f.check(at, m[at:at + n], n)
        else:
            log.append("write the map, %d at %d" % (n, at))
            data = text(n)
            m[at:at + n] = data
            f.put(at, data)
            if rand.random() < 0.3:
                m.flush()


def op_fallocate(f):
    at, n = rand.randrange(MAX // 2), rand.randrange(1, 60000)
    mode = rand.choice((0, KEEP_SIZE, PUNCH | KEEP_SIZE, ZERO, ZERO | KEEP_SIZE))
    log.append("fallocate %d, %d at %d" % (mode, n, at))
    if libc.fallocate(f.fd, mode, ctypes.c_long(at), ctypes.c_long(n)) < 0:
        if ctypes.get_errno() != errno.EOPNOTSUPP:
            fail("fallocate: " + os.strerror(ctypes.get_errno()))
        return
    if mode & (PUNCH | ZERO):
        end = min(at + n, len(f.model))
        if at < end:
            f.model[at:end] = bytes(end - at)
    if not mode & KEEP_SIZE and at + n > len(f.model):
        f.model.extend(bytes(at + n - len(f.model)))


def op_copy(f):
    if not f.model:
        return
    a, n = rand.randrange(len(f.model)), rand.randrange(1, 60000)
    n = min(n, len(f.model) - a)
    b = a + n + rand.randrange(50000) if rand.random() < 0.5 or a < n else rand.randrange(a - n + 1)
    log.append("copy %d from %d to %d" % (n, a, b))
    done = 0
    while done < n:
        r = os.copy_file_range(f.fd, f.fd, n - done, a + done, b + done)
        if r == 0:
            fail("copied %d of %d" % (done, n))
        done += r
    f.put(b, bytes(f.model[a:a + n]))
    del f.model[MAX * 2:]


def op_size(f):
    s = os.fstat(f.fd)
    if s.st_size != len(f.model) or os.stat(f.name).st_size != s.st_size or os.lseek(f.fd, 0, os.SEEK_END) != s.st_size:
        fail("size %d, not %d" % (s.st_size, len(f.model)))


def op_data(f):
    """What SEEK_DATA passes over must be zeros."""
    log.append("seek data")
    at = 0
    while at < len(f.model):
        try:
            start = os.lseek(f.fd, at, os.SEEK_DATA)
        except OSError as e:
            if e.errno != errno.ENXIO:
                fail("SEEK_DATA: " + str(e))
            start = len(f.model)
        if any(f.model[at:start]):
            fail("data at %d to %d is called a hole" % (at, start))
        if start >= len(f.model):
            break
        at = os.lseek(f.fd, start, os.SEEK_HOLE)


def op_reopen(f):
    log.append("reopen")
    if rand.random() < 0.3:
        os.fsync(f.fd)
    f.reopen()


def op_rename(f):
    log.append("rename")
    new = path + ".%d" % rand.randrange(3)
    os.rename(f.name, new)
    f.name = new


def op_drop(f):
    log.append("drop pages")
    os.fdatasync(f.fd)
    os.posix_fadvise(f.fd, 0, 0, os.POSIX_FADV_DONTNEED)


f = File(path)
ops = [op_write] * 4 + [op_read] * 4 + [op_map] * 4 + [op_append, op_truncate, op_truncate, op_fallocate, op_fallocate, op_copy,
                                               op_size, op_data, op_reopen, op_rename, op_drop]
for step in range(steps):
    rand.choice(ops)(f)
    op_size(f)
op_drop(f)
f.check(0, os.pread(f.fd, 4 * MAX, 0), 4 * MAX)
f.reopen()
f.check(0, os.pread(f.fd, 4 * MAX, 0), 4 * MAX)
