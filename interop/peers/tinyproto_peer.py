"""A peer made of tinyproto, of the version that PYTHONPATH leads to: a server or a client, told what to do line by line.

Every message is sent and received by the connection's own thread, as the library wants it."""

import collections
import queue
import threading
from importlib import metadata

import tinyproto

import words

PATIENCE_IN_SECONDS = 20

received = queue.Queue()
outgoing = collections.deque()
connections = queue.Queue()
failures = queue.Queue()
settings = {"echo": False}


class Connection(tinyproto.TinyProtoConnection):
    def pre_loop(self):
        connections.put(self)

    def transmission_received(self, message):
        if settings["echo"]:
            self.transmit(message)
        else:
            received.put(bytes(message))

    def loop_pass(self):
        while outgoing:
            self.transmit(outgoing.popleft())


class Peer:
    def __init__(self):
        self.is_old = hasattr(tinyproto.TinyProtoServer, "add_addr")
        self.connection = None
        # In words: the failure itself would keep the socket open.
        threading.excepthook = lambda failure: failures.put(f"{failure.exc_type.__name__}: {failure.exc_value}")

    def version(self):
        return f"done {metadata.version('tinyproto')}"

    def listen(self, limit):
        """A limit of 0 is none."""
        port = words.free_port()
        listening = threading.Event()

        class Server(tinyproto.TinyProtoServer):
            def pre_loop(self):
                listening.set()

        if self.is_old:
            server = Server()
            server.add_addr("127.0.0.1", port)
        else:
            server = Server([tinyproto.TinyProtoConnectionDetails("127.0.0.1", port)])
        server.set_conn_handler(Connection)
        server.connection_limit = int(limit) or None
        threading.Thread(target=server.start, daemon=True).start()
        assert listening.wait(PATIENCE_IN_SECONDS)
        return f"done {port}"

    def accept(self):
        self.connection = connections.get(timeout=PATIENCE_IN_SECONDS)
        return "done"

    def connect(self, port):
        client = tinyproto.TinyProtoClient()
        client.set_conn_handler(Connection)
        if self.is_old:
            client.connect_to("127.0.0.1", int(port))
        else:
            client.connect_to(tinyproto.TinyProtoConnectionDetails("127.0.0.1", int(port)))
        self.client = client
        return "done"

    def echo(self, switch):
        settings["echo"] = switch == "on"
        return "done"

    def send(self, *messages):
        """In one pass of the loop, one behind the other."""
        outgoing.extend(words.bytes_of(message) for message in messages)
        return "done"

    def receive(self):
        return f"done {words.hex_of(received.get(timeout=PATIENCE_IN_SECONDS))}"

    def receive_many(self, count):
        """So many messages, joined."""
        messages = (received.get(timeout=PATIENCE_IN_SECONDS) for _ in range(int(count)))
        return f"done {words.hex_of(b''.join(messages))}"

    def received_more(self):
        return f"done {received.qsize()}"

    def close(self):
        self.connection.shutdown = True
        return "done"

    def failure(self):
        """What has ended a thread."""
        return f"done {failures.get(timeout=PATIENCE_IN_SECONDS)}"


words.serve(Peer())
