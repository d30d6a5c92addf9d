"""A peer made of python-network (network-wrapper): one listener and one connection, told what to do line by line."""

import time

import network

import words

PATIENCE_IN_SECONDS = 20


def pump(is_done):
    """Runs the library's loop until something has happened."""
    deadline = time.monotonic() + PATIENCE_IN_SECONDS
    while not is_done():
        assert time.monotonic() < deadline, "nothing happens"
        # Without blocking: the loop has no limit of its own.
        network.iteration(block=False)
        time.sleep(0.0005)


class Peer:
    def __init__(self):
        self.lines = []
        self.leftover = None

    def listen(self, address):
        """A path, or `tcp` for any free port."""
        self.accepted = []
        port = words.free_port() if address == "tcp" else address
        self.server = network.Server(port, self.accepted.append, address="127.0.0.1", disconnect_cb=self.disconnected)
        return f"done {port}"

    def accept(self):
        pump(lambda: self.accepted)
        self.connection = self.accepted.pop()
        return "done"

    def connect(self, address):
        address = f"127.0.0.1:{address}" if address.isdigit() else address
        self.connection = network.Socket(address, disconnect_cb=self.disconnected)
        return "done"

    def disconnected(self, connection, leftover):
        self.leftover = leftover

    def readlines(self):
        self.connection.readlines(self.line)
        return "done"

    def line(self, text):
        self.lines.append(text)

    def read_first_line(self):
        """Reads one line, and takes back what has come behind it."""
        self.rest = None

        def first(text):
            self.lines.append(text)
            self.rest = self.connection.unread()

        self.connection.readlines(first)
        pump(lambda: self.rest is not None)
        return f"done {words.hex_of(self.lines.pop().encode())} {words.hex_of(self.rest)}"

    def take(self, count):
        """The next lines, as the library gives them."""
        count = int(count)
        pump(lambda: len(self.lines) >= count)
        taken, self.lines = self.lines[:count], self.lines[count:]
        return "done " + " ".join(words.hex_of(line.encode()) for line in taken)

    def has_part(self):
        """Waits until a part of a line is there."""
        pump(lambda: self.connection._linebuffer)
        return f"done {words.hex_of(self.connection._linebuffer)}"

    def send(self, text):
        self.connection.send(words.bytes_of(text))
        return "done"

    def send_lines(self, *texts):
        for text in texts:
            self.connection.sendline(words.bytes_of(text).decode())
        return "done"

    def close(self):
        self.connection.close()
        return "done"

    def end(self):
        """Waits for the end, and tells what was left of the last line."""
        pump(lambda: self.leftover is not None)
        return f"done {words.hex_of(self.leftover)}"


words.serve(Peer())
