"""WsgiDAV on a folder, for everybody; prints where."""

import os

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

os.makedirs("share")
application = WsgiDAVApp(
    {
        "provider_mapping": {"/": os.path.abspath("share")},
        "simple_dc": {"user_mapping": {"*": True}},
        "verbose": 0,
        "logging": {"enable": False},
    }
)
server = wsgi.Server(("127.0.0.1", 0), application)
server.prepare()
print(f"listening on 127.0.0.1:{server.bind_addr[1]}", flush=True)
server.serve()
