"""receive-fd.py SOCKET SIGNAL - what a runtime sends to a socket: says the message, and sends the signal to the pidfd with it."""
import signal, socket, sys

server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1])
server.listen(1)
print("ready", flush=True)
connection, _ = server.accept()
text, fds, _, _ = socket.recv_fds(connection, 4096, 1)
signal.pidfd_send_signal(fds[0], int(sys.argv[2]))
print(text.decode(), flush=True)
