#!/usr/bin/env python3
"""list-tree.py DIR - one line for each file below DIR with all that can be seen of it, sorted by name."""
import hashlib
import os
import stat
import sys
import time

top = os.fsencode(sys.argv[1])
first = {}


def describe(path):
    st = os.lstat(path)
    # Directories that no archive named, or that were written to later, have the time of their making.
    made = abs(time.time() - st.st_mtime) < 86400
    words = [f"{st.st_mode:o}", f"{st.st_uid}:{st.st_gid}", "now" if made else f"t{st.st_mtime_ns}"]
    if not stat.S_ISDIR(st.st_mode):
        words.append("=" + first.setdefault((st.st_dev, st.st_ino), os.path.relpath(path, top)).decode("latin-1"))
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            words += [str(st.st_size), hashlib.sha256(f.read()).hexdigest()[:16]]
    elif stat.S_ISLNK(st.st_mode):
        words.append(repr(os.readlink(path)))
    elif stat.S_ISCHR(st.st_mode) or stat.S_ISBLK(st.st_mode):
        words.append(f"{os.major(st.st_rdev)}:{os.minor(st.st_rdev)}")
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        if not name.startswith("user.overlay.") and not name.startswith("user.umoci") and name != "user.rootlesscontainers":
            words.append(f"{name}={os.getxattr(path, name, follow_symlinks=False).hex()}")
    return words


def walk(path):
    print(repr(os.path.relpath(path, top)), *describe(path))
    if stat.S_ISDIR(os.lstat(path).st_mode):
        for name in sorted(os.listdir(path)):
            walk(os.path.join(path, name))


walk(top)
