"""A TCP peer made of PySFML's sockets: one listener and one connection, told what to do line by line."""

from sfml import network

import line

# PySFML makes a buffer of the size that it is asked for at every call.
BUFFER = 64 * 1024


class Peer:
    def __init__(self):
        self.listener = network.TcpListener()
        self.connection = network.TcpSocket()

    def listen(self):
        self.listener.listen(network.Socket.ANY_PORT, network.IpAddress.LOCAL_HOST)
        return f"done {self.listener.local_port}"

    def close(self):
        self.listener.close()
        return "done"

    def accept(self):
        self.connection = self.listener.accept()
        return "done"

    def connect(self, address, port):
        self.connection.blocking = True
        self.connection.connect(line.address_of(address), int(port))
        return "done"

    def blocking(self, switch):
        self.connection.blocking = switch == "on"
        return "done"

    def addresses(self):
        connection = self.connection
        return f"done {connection.local_port} {line.text_of(connection.remote_address)} {connection.remote_port}"

    def send(self, text):
        return f"done {self.connection.send(line.bytes_of(text))}"

    def dribble(self, text):
        """Every byte by a call of its own."""
        for byte in line.bytes_of(text):
            self.connection.send(bytes([byte]))
        return "done"

    def receive(self, size):
        return f"done {line.hex_of(self.connection.receive(int(size)))}"

    def receive_exactly(self, size):
        data = bytearray()
        try:
            while len(data) < int(size):
                data += self.connection.receive(min(int(size) - len(data), BUFFER))
        except network.SocketException as failure:
            return f"{line.status_of(failure)} {line.hex_of(data)}"
        return f"done {line.hex_of(data)}"

    def echo(self, size):
        """Gives back so many bytes as they come."""
        echoed = 0
        while echoed < int(size):
            data = self.connection.receive(BUFFER)
            self.connection.send(data)
            echoed += len(data)
        return f"done {echoed}"

    def disconnect(self):
        self.connection.disconnect()
        return "done"


peer = Peer()
line.serve(
    {
        "listen": peer.listen,
        "close": peer.close,
        "accept": peer.accept,
        "connect": peer.connect,
        "blocking": peer.blocking,
        "addresses": peer.addresses,
        "send": peer.send,
        "dribble": peer.dribble,
        "receive": peer.receive,
        "receive_exactly": peer.receive_exactly,
        "echo": peer.echo,
        "disconnect": peer.disconnect,
    }
)
