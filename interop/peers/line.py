"""The line protocol that all peers speak (interop/README.md): one command a line in, one answer a line out."""

import signal
import sys

from sfml import network

# A test that is killed cannot end its peer; the peer then does it itself.
LIFETIME_IN_SECONDS = 120


def hex_of(data):
    """No bytes at all are a dash, so that an answer always splits at its spaces."""
    return data.hex() or "-"


def bytes_of(text):
    return b"" if text == "-" else bytes.fromhex(text)


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
    raise failure


def serve(commands):
    signal.alarm(LIFETIME_IN_SECONDS)
    for text in sys.stdin:
        command, *arguments = text.split()
        try:
            answer = commands[command](*arguments)
        except network.SocketException as failure:
            answer = status_of(failure)
        except Exception as failure:
            answer = f"failed {command}: {failure!r}"
        print(answer, flush=True)
