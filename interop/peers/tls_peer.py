"""A peer made of Python's ssl: messages with 32 bits of length in front, as multiprocessing has them, over TLS."""

import socket
import ssl
import struct

import words

PATIENCE_IN_SECONDS = 20


class Peer:
    def listen(self, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        return f"done {self.listener.getsockname()[1]}"

    def accept(self):
        plain, _ = self.listener.accept()
        plain.settimeout(PATIENCE_IN_SECONDS)
        self.connection = self.context.wrap_socket(plain, server_side=True)
        return f"done {self.connection.version()}"

    def connect(self, port, certificate, version):
        context = ssl.create_default_context(cafile=certificate)
        context.maximum_version = ssl.TLSVersion[version]
        plain = socket.create_connection(("127.0.0.1", int(port)), PATIENCE_IN_SECONDS)
        self.connection = context.wrap_socket(plain, server_hostname="localhost")
        return f"done {self.connection.version()}"

    def send(self, *messages):
        """All of them in one record, or in as few as they need."""
        messages = map(words.bytes_of, messages)
        self.connection.sendall(b"".join(struct.pack("!i", len(message)) + message for message in messages))
        return "done"

    def exactly(self, size):
        data = bytearray()
        while len(data) < size:
            piece = self.connection.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)

    def receive(self):
        (size,) = struct.unpack("!i", self.exactly(4))
        return f"done {words.hex_of(self.exactly(size))}"

    def end(self):
        """Ends the session in the way that TLS has for it, and waits for the other end to do so."""
        self.connection.unwrap().close()
        return "done"

    def receive_end(self):
        """Waits for the end, which has to be one of TLS."""
        self.connection.suppress_ragged_eofs = False
        return f"done {len(self.connection.recv(1))}"


words.serve(Peer())
