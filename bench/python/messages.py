"""Python's `multiprocessing.connection` as a contestant: one process for each row, which speaks the conversation of
src/session.rs. `messages.py FAMILY SIZE` has both ends of one connection; `messages.py echo PORT` is the far end for
somebody else; `messages.py beside SIZE` has one of its own far ends in a second process, on the other core;
`messages.py apart SIZE` has it there too, but both run where the system lets them; `messages.py asking SIZE` is the same
with ends that do not wait."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from multiprocessing import connection

from session import LIFETIME_IN_SECONDS, serve

BURST = 64
ROUND_END = b""


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


def echo(port, receive=connection.Connection.recv_bytes):
    far = connection.Client(("127.0.0.1", port))
    try:
        while True:
            # Between rounds it waits, or it would take a core from the others.
            message = far.recv_bytes()
            while message != ROUND_END:
                far.send_bytes(message)
                message = receive(far)
    except EOFError:
        pass


def asked(end):
    while not end.poll(0):
        pass
    return end.recv_bytes()


def two_processes(size, far_kind, far_cores, receive=connection.Connection.recv_bytes):
    data = bytes(size)
    with connection.Listener(("127.0.0.1", 0)) as listener:
        words = [sys.executable, __file__, far_kind, str(listener.address[1])]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as far:
            os.sched_setaffinity(far.pid, far_cores)
            near = listener.accept()

            def body(operations):
                for _ in range(operations):
                    near.send_bytes(data)
                    receive(near)
                near.send_bytes(ROUND_END)

            serve(body)
            near.close()


def unpinned():
    """Lets this process run on every core that the harness may use, and tells which these are."""
    cores = os.sched_getaffinity(os.getppid())
    os.sched_setaffinity(0, cores)
    return cores


kind, value = sys.argv[1:]
signal.alarm(LIFETIME_IN_SECONDS)
if kind == "echo":
    echo(int(value))
elif kind == "asking-echo":
    echo(int(value), asked)
elif kind == "bursts":
    bursts(int(value))
elif kind == "beside":
    # The peer's core, as src/sys.rs chooses it.
    two_processes(int(value), "echo", {min(os.sched_getaffinity(os.getppid()))})
elif kind == "apart":
    two_processes(int(value), "echo", unpinned())
elif kind == "asking":
    two_processes(int(value), "asking-echo", unpinned(), asked)
else:
    both_ends(kind, int(value))
