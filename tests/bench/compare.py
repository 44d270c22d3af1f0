"""compare.py ROUNDS TITLE NAME COMMAND [NAME COMMAND...] - what bench_compare of lib.sh prints.

The commands run in turns, so that whatever else the machine does hits all of them alike; slow ones sit out after ten
rounds. The ratio is the median of each round's ratio to the first command.
"""
import os
import shlex
import statistics
import sys
import time

rounds, title, rest = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
items = [(rest[i], shlex.split(rest[i + 1])) for i in range(0, len(rest), 2)]
null = os.open("/dev/null", os.O_RDWR)
wall, cpu, ratio, bad = ({n: [] for n, _ in items} for _ in range(4))
for r in range(-2, rounds):
    first = None
    for name, cmd in items:
        if bad[name] or (r >= 10 and statistics.median(wall[name]) > 0.05):
            continue
        a = time.perf_counter()
        pid = os.posix_spawnp(cmd[0], cmd, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, i) for i in range(3)])
        _, st, ru = os.wait4(pid, 0)
        t = time.perf_counter() - a
        if st:
            bad[name].append(st)
            print(f"not measured: {title}: {name}: wait status {st}", file=sys.stderr)
            continue
        first = first or t
        if r >= 0:
            wall[name].append(t)
            cpu[name].append(ru.ru_utime + ru.ru_stime)
            ratio[name].append(t / first)
m = statistics.median
print(f"\n{title}\n{'':28} {'median ms':>10} {'least ms':>9} {'cpu ms':>8} {'ratio':>7}")
for n, _ in items:
    if wall[n] and not bad[n]:
        print(f"{n:28} {m(wall[n]) * 1e3:10.2f} {min(wall[n]) * 1e3:9.2f} {m(cpu[n]) * 1e3:8.2f} {m(ratio[n]):7.2f}")
