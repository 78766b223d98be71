"""Node-RED with a folder of its own; prints where once it serves."""

import os
import socket
import subprocess
import time

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
with open("settings.js", "w") as file:
    file.write(f"module.exports = {{uiHost: '127.0.0.1', uiPort: {port}, userDir: '{os.getcwd()}/red', flowFile: 'flows.json'}};")
os.makedirs("red")
command = ["node", os.environ["NODE_RED"], "--settings", "settings.js"]
with open("output.log", "w") as log:
    server = subprocess.Popen(command, stdout=log, stderr=log)
try:
    while "Started flows" not in open("output.log").read():
        assert server.poll() is None, open("output.log").read()
        time.sleep(0.1)
    print(f"listening on 127.0.0.1:{port}", flush=True)
    server.wait()
finally:
    server.kill()
