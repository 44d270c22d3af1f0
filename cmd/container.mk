# commands on containers: start, ps, rm, stop, kill, wait
