"""A program that publishes and finds services with python-zeroconf on loopback, told what to do line by line."""

import queue
import socket
import threading

import zeroconf

import words

DEADLINE_IN_SECONDS = 15


class Peer:
    def __init__(self):
        self.zeroconf = zeroconf.Zeroconf(interfaces=["127.0.0.1"])
        self.published = {}
        self.events = queue.Queue()

    def publish(self, kind, name, port, *entries):
        properties = dict(bytes.fromhex(entry).split(b"=", 1) for entry in entries)
        info = zeroconf.ServiceInfo(
            kind,
            f"{bytes.fromhex(name).decode()}.{kind}",
            port=int(port),
            properties=properties,
            server="python.local.",
            addresses=[socket.inet_aton("127.0.0.1")],
        )
        self.zeroconf.register_service(info)
        self.published[name] = info
        return "done"

    def withdraw(self, name):
        self.zeroconf.unregister_service(self.published.pop(name))
        return "done"

    def browse(self, kind):
        self.browser = zeroconf.ServiceBrowser(self.zeroconf, kind, listener=self)
        return "done"

    def event(self, event, name):
        """Waits for an event of a name; others are left out."""
        while True:
            found = self.events.get(timeout=DEADLINE_IN_SECONDS)
            if found[:2] == (event, bytes.fromhex(name).decode()):
                return " ".join(["done", *found[2:]])

    # What the browser calls, on its own thread, which must not wait.
    def add_service(self, zc, kind, name):
        threading.Thread(target=self.resolve, args=(kind, name), daemon=True).start()

    def update_service(self, zc, kind, name):
        pass

    def remove_service(self, zc, kind, name):
        self.events.put(("lost", name.removesuffix(f".{kind}")))

    def resolve(self, kind, name):
        info = self.zeroconf.get_service_info(kind, name, timeout=5000)
        short = name.removesuffix(f".{kind}")
        if info is None:
            self.events.put(("unresolved", short))
            return
        properties = [key + (b"" if value is None else b"=" + value) for key, value in info.properties.items()]
        texts = [entry.hex() for entry in sorted(properties)]
        self.events.put(("found", short, info.server, str(info.port), *info.parsed_addresses(), *texts))


peer = Peer()
words.serve(peer)
peer.zeroconf.close()
