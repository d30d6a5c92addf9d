"""The line protocol that all peers speak (interop/README.md): one command a line in, one answer a line out."""

import signal
import socket
import sys

# A test that is killed cannot end its peer; the peer then does it itself.
LIFETIME_IN_SECONDS = 120


def hex_of(data):
    """No bytes at all are a dash, so that an answer always splits at its spaces."""
    return bytes(data).hex() or "-"


def bytes_of(text):
    return b"" if text == "-" else bytes.fromhex(text)


def free_port():
    """For libraries that cannot listen at any free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(commands, answer_to=lambda failure: None):
    """Calls what `commands` has under the name of each command; what that raises is a failure, unless `answer_to` makes
    an answer of it."""
    signal.alarm(LIFETIME_IN_SECONDS)
    for text in sys.stdin:
        command, *arguments = text.split()
        try:
            answer = getattr(commands, command)(*arguments)
        except Exception as failure:
            answer = answer_to(failure) or f"failed {command}: {failure!r}"
        print(answer, flush=True)
