"""pyftpdlib for the tests: pyftpd.py ADDRESS PORT FOLDER, with `files` and the certificate in the folder."""

import logging
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer

address, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]

authorizer = DummyAuthorizer()
authorizer.add_user("anna", "sesame", f"{folder}/files", perm="elradfmwMT")
authorizer.add_user("paul", "sesame", f"{folder}/files", perm="elr")


class Handler(TLS_FTPHandler):
    certfile = f"{folder}/server.pem"
    keyfile = f"{folder}/server.key"
    auth_failed_timeout = 0.01


Handler.authorizer = authorizer
logging.basicConfig(level=logging.INFO)
FTPServer((address, port), Handler).serve_forever()
