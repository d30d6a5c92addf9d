"""A UDP peer made of PySFML's socket, told what to do line by line."""

from sfml import network

import line


class Peer:
    def __init__(self):
        self.socket = network.UdpSocket()

    def bind(self):
        self.socket.bind(network.Socket.ANY_PORT, network.IpAddress.LOCAL_HOST)
        return f"done {self.socket.local_port}"

    def unbind(self):
        self.socket.unbind()
        return "done"

    def blocking(self, switch):
        self.socket.blocking = switch == "on"
        return "done"

    def send(self, address, port, text):
        self.socket.send(line.bytes_of(text), line.address_of(address), int(port))
        return "done"

    def receive(self, size):
        data, address, port = self.socket.receive(int(size))
        return f"done {line.text_of(address)} {port} {line.hex_of(data)}"


peer = Peer()
line.serve(
    {
        "bind": peer.bind,
        "unbind": peer.unbind,
        "blocking": peer.blocking,
        "send": peer.send,
        "receive": peer.receive,
    }
)
