"""tinyproto 3.0 at either end, for src/workload/tinyproto.rs. `tiny.py server` is a real server that counts messages and
answers a question with how many there were; `tiny.py pair` is a contestant: a real connection that sends to such a
server in a second process."""

import os
import signal
import socket
import subprocess
import sys
import threading

import tinyproto

from session import LIFETIME_IN_SECONDS, serve

SIZE = 16
QUESTION = b"?" * SIZE


def details(port):
    return tinyproto.TinyProtoConnectionDetails("127.0.0.1", port)


class Counting(tinyproto.TinyProtoConnection):
    __slots__ = ("count",)

    def pre_loop(self):
        self.count = 0

    def transmission_received(self, message):
        self.count += 1
        if message == QUESTION:
            self.transmit(str(self.count).encode())
            self.count = 0


class Sending(tinyproto.TinyProtoConnection):
    def pre_loop(self):
        """In the connection's own thread, once it has said hello."""

        def body(operations):
            for _ in range(operations - 1):
                self.transmit(bytes(SIZE))
            self.transmit(QUESTION)
            assert int(self.receive()) == operations

        # As STEP there.
        serve(body, 16)
        os._exit(0)


def server():
    # It cannot say which port it has got.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    class Server(tinyproto.TinyProtoServer):
        def pre_loop(self):
            print(port, flush=True)

    # It ends with whoever has started it.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    Server([details(port)], Counting).start()


def pair():
    words = [sys.executable, __file__, "server"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as far:
        client = tinyproto.TinyProtoClient(Sending)
        client.connect_to(details(int(far.stdout.readline())))
        client.start()


signal.alarm(LIFETIME_IN_SECONDS)
server() if sys.argv[1] == "server" else pair()
