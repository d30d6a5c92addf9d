"""Python's `multiprocessing.connection` as a contestant: one process for each row, which speaks the conversation of
src/session.rs. `messages.py FAMILY SIZE` has both ends of one connection; `messages.py echo PORT` is the far end for
somebody else; `messages.py beside SIZE` has one of its own far ends in a second process, on the other core."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import connection

from session import LIFETIME_IN_SECONDS, serve

BURST = 64


def pair(family):
    with tempfile.TemporaryDirectory() as folder:
        address = ("127.0.0.1", 0) if family == "tcp" else os.path.join(folder, "socket")
        with connection.Listener(address) as listener:
            ends = []
            thread = threading.Thread(target=lambda: ends.append(connection.Client(listener.address)))
            thread.start()
            far = listener.accept()
            thread.join()
            return ends[0], far


def both_ends(family, size):
    near, far = pair(family)
    data = bytes(size)

    def body(operations):
        for _ in range(operations):
            near.send_bytes(data)
            far.send_bytes(far.recv_bytes())
            near.recv_bytes()

    serve(body)


def bursts(size):
    near, far = pair("tcp")
    data = bytes(size)

    def body(operations):
        for _ in range(-(-operations // BURST)):
            for _ in range(BURST):
                near.send_bytes(data)
            for _ in range(BURST):
                far.send_bytes(far.recv_bytes())
            for _ in range(BURST):
                near.recv_bytes()

    serve(body, BURST)


def echo(port):
    far = connection.Client(("127.0.0.1", port))
    try:
        while True:
            far.send_bytes(far.recv_bytes())
    except EOFError:
        pass


def beside(size):
    data = bytes(size)
    with connection.Listener(("127.0.0.1", 0)) as listener:
        words = [sys.executable, __file__, "echo", str(listener.address[1])]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as far:
            # The peer's core, as src/sys.rs chooses it.
            os.sched_setaffinity(far.pid, {min(os.sched_getaffinity(os.getppid()))})
            near = listener.accept()

            def body(operations):
                for _ in range(operations):
                    near.send_bytes(data)
                    near.recv_bytes()

            serve(body)
            near.close()


kind, value = sys.argv[1:]
signal.alarm(LIFETIME_IN_SECONDS)
if kind == "echo":
    echo(int(value))
elif kind == "bursts":
    bursts(int(value))
elif kind == "beside":
    beside(int(value))
else:
    both_ends(kind, int(value))
