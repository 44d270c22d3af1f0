"""seccomp-agent.py SOCKET FILE - a listener for SCMP_ACT_NOTIFY: what a runtime sends of one process goes to FILE, and each
of its calls is answered with ENOMEDIUM, until the process has ended."""
import fcntl, os, select, socket, struct, sys

RECV, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_*
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
connection, _ = server.accept()
text, fds, _, _ = socket.recv_fds(connection, 65536, 1)
with open(sys.argv[2] + ".new", "wb") as f:
    f.write(text)
os.rename(sys.argv[2] + ".new", sys.argv[2])
poll = select.poll()
poll.register(fds[0], select.POLLIN)
while True:
    if not poll.poll()[0][1] & select.POLLIN:
        break
    request = bytearray(80)
    fcntl.ioctl(fds[0], RECV, request)
    fcntl.ioctl(fds[0], SEND, bytearray(struct.pack("=QqiI", *struct.unpack_from("=Q", request), 0, -123, 0)))
