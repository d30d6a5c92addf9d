"""What the peers made of PySFML have in common: addresses and outcomes in the words of the line protocol."""

from types import SimpleNamespace

from sfml import network

import words
from words import bytes_of, hex_of


def address_of(text):
    return network.IpAddress.from_string(text)


def text_of(address):
    return address.string.decode() if address else "none"


def status_of(failure):
    """PySFML raises what SFML returns."""
    for kind, name in (
        (network.SocketNotReady, "not_ready"),
        (network.SocketDisconnected, "disconnected"),
        (network.SocketError, "error"),
    ):
        if isinstance(failure, kind):
            return name
    return None


def serve(commands):
    words.serve(SimpleNamespace(**commands), status_of)
