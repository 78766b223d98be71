"""docker-registry in this folder; prints where once it serves."""

import os
import socket
import subprocess
import time

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open("registry.yaml", "w") as file:
    file.write(f"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {os.path.abspath('images')}\n")
    file.write(f"  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:{port}\n  relativeurls: false\n")
with open("output.log", "w") as log:
    server = subprocess.Popen(["docker-registry", "serve", "registry.yaml"], stdout=log, stderr=log)
try:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert server.poll() is None, open("output.log").read()
            time.sleep(0.1)
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait()
finally:
    server.kill()
