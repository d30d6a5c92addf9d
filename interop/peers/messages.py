"""A peer made of `multiprocessing.connection`, of any Python from 3.8 on: one listener and one connection, told what to
do line by line. It needs no packages, so that it runs in any interpreter."""

import ast
import hmac
import os
import pickle
import struct
import sys
import time
from multiprocessing import AuthenticationError, connection

from words import bytes_of, serve


def key_of(text):
    return None if text == "none" else bytes_of(text)


def address_of(text):
    """A port of loopback, or a path."""
    return ("127.0.0.1", int(text)) if text.isdigit() else text


def median_in_microseconds(act, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return f"done {round(sorted(times)[count // 2] * 1e6)}"


class Peer:
    def __init__(self):
        self.listener = None
        self.connection = None

    def version(self):
        return "done {}.{}".format(*sys.version_info)

    def listen(self, address, key):
        self.listener = connection.Listener(address_of(address), backlog=16, authkey=key_of(key))
        address = self.listener.address
        return f"done {address[1] if isinstance(address, tuple) else address}"

    def accept(self):
        self.connection = self.listener.accept()
        return "done"

    def connect(self, address, key):
        self.connection = connection.Client(address_of(address), authkey=key_of(key))
        return "done"

    def close(self):
        self.connection.close()
        return "done"

    def echo(self, count):
        for _ in range(int(count)):
            self.connection.send_bytes(self.connection.recv_bytes())
        return "done"

    def send(self, text):
        self.connection.send_bytes(bytes_of(text))
        return "done"

    def receive(self):
        return f"done {self.connection.recv_bytes().hex() or '-'}"

    def send_object(self, text):
        self.connection.send(ast.literal_eval(bytes_of(text).decode()))
        return "done"

    def send_pickled(self, protocol, text):
        """An object as a Python sends it whose default is another protocol."""
        self.connection.send_bytes(pickle.dumps(ast.literal_eval(bytes_of(text).decode()), int(protocol)))
        return "done"

    def receive_object(self):
        return f"done {repr(self.connection.recv()).encode().hex()}"

    def send_class(self):
        """An object that is no plain data."""
        self.connection.send(Peer.send_class)
        return "done"

    def echoed(self, size, count):
        """The median of the time that a message takes to the other end and back."""
        data = bytes(int(size))

        def act():
            self.connection.send_bytes(data)
            assert self.connection.recv_bytes() == data

        return median_in_microseconds(act, int(count))

    def first_request(self, address, key, count):
        """The same for a new connection with its handshake, and one message."""

        def act():
            with connection.Client(address_of(address), authkey=key_of(key)) as client:
                client.send_bytes(b"first")
                assert client.recv_bytes() == b"first"

        return median_in_microseconds(act, int(count))

    def connect_in_one_piece(self, port, key, text):
        """A client whose last word of the handshake comes together with its first message."""
        key = key_of(key)
        client = connection.Client(address_of(port))
        challenge = client.recv_bytes(256)
        assert challenge.startswith(b"#CHALLENGE#{sha256}"), challenge
        client.send_bytes(b"{sha256}" + hmac.digest(key, challenge[11:], "sha256"))
        assert client.recv_bytes(256) == b"#WELCOME#"
        message = b"{sha256}" + os.urandom(40)
        client.send_bytes(b"#CHALLENGE#" + message)
        answer = client.recv_bytes(256)
        assert hmac.compare_digest(answer, b"{sha256}" + hmac.digest(key, message, "sha256")), answer
        first = bytes_of(text)
        os.write(client.fileno(), struct.pack("!i", 9) + b"#WELCOME#" + struct.pack("!i", len(first)) + first)
        self.connection = client
        return "done"

    def algorithms(self, port, key):
        """Answers the challenge with each algorithm there is, and tells which the listener takes."""
        taken = []
        for name in ("md5", "sha256", "sha384", "sha3_256", "sha3_384", "sha1"):
            client = connection.Client(address_of(port))
            challenge = client.recv_bytes(256)[11:]
            client.send_bytes(b"{%s}" % name.encode() + hmac.digest(key_of(key), challenge, name))
            if client.recv_bytes(256) == b"#WELCOME#":
                taken.append(name)
            client.close()
        return "done " + ",".join(taken)


def answer_to(failure):
    if isinstance(failure, AuthenticationError):
        return f"authentication {failure}"
    return "disconnected" if isinstance(failure, EOFError) else None


serve(Peer(), answer_to)
