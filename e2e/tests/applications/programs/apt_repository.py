"""A package and a flat repository of it, served as files; prints where."""

import functools
import hashlib
import http.server
import os
import subprocess

CONTROL = """Package: tombolo-probe
Version: 1.0
Architecture: all
Maintainer: nobody <nobody@localhost>
Description: nothing but a file
"""

os.makedirs("package/DEBIAN")
os.makedirs("package/usr/share/tombolo-probe")
with open("package/DEBIAN/control", "w") as control:
    control.write(CONTROL)
with open("package/usr/share/tombolo-probe/file", "w") as content:
    content.write("content\n" * 1000)
os.makedirs("repository")
name = "tombolo-probe_1.0_all.deb"
subprocess.run(["dpkg-deb", "--build", "--root-owner-group", "package", f"repository/{name}"], check=True, stdout=subprocess.DEVNULL)
data = open(f"repository/{name}", "rb").read()
with open("repository/Packages", "w") as packages:
    packages.write(CONTROL)
    packages.write(f"Filename: ./{name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n")


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory="repository"))
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
