"""Three nodes of Garage on this machine, a bucket and a key, and a command that uses them.

    garage.py GARAGE FOLDER COMMAND...

The command finds `TOMBOLO_OBJECTS` and the keys in its environment.
"""

import os
import re
import secrets
import socket
import subprocess
import sys
import time

PATIENCE = 60


def port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Node:
    def __init__(self, garage, folder, number, secret):
        self.garage, self.folder = garage, os.path.join(folder, "node-%d" % number)
        os.mkdir(self.folder, 0o700)
        self.rpc, self.s3 = port(), port()
        with open(self.folder + "/garage.toml", "w") as file:
            file.write(
                'metadata_dir = "%(folder)s/meta"\ndata_dir = "%(folder)s/data"\ndb_engine = "sqlite"\n'
                'replication_factor = 3\nrpc_bind_addr = "127.0.0.1:%(rpc)d"\n'
                'rpc_public_addr = "127.0.0.1:%(rpc)d"\nrpc_secret = "%(secret)s"\n'
                '[s3_api]\ns3_region = "garage"\napi_bind_addr = "127.0.0.1:%(s3)d"\nroot_domain = ".s3.local"\n'
                % {"folder": self.folder, "rpc": self.rpc, "s3": self.s3, "secret": secret}
            )
        os.chmod(self.folder + "/garage.toml", 0o600)
        log = open(self.folder + "/log", "w")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", garage, "-c", "garage.toml", "server"],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )

    def ask(self, *words):
        done = subprocess.run(
            [self.garage, "-c", "garage.toml", *words], cwd=self.folder, capture_output=True, text=True
        )
        return done.returncode == 0, done.stdout + done.stderr

    def must(self, *words):
        """Asks until it works: nodes find each other in their own time."""
        end = time.monotonic() + PATIENCE
        while True:
            done, said = self.ask(*words)
            if done:
                return said
            if time.monotonic() > end:
                raise AssertionError("garage %s: %s" % (" ".join(words), said))
            time.sleep(0.2)


def cluster(garage, folder):
    """Starts the nodes; the first of them, and the environment of who uses the bucket."""
    secret = secrets.token_hex(32)
    nodes = [Node(garage, folder, number, secret) for number in range(3)]
    first = nodes[0]
    ids = [re.search(r"[0-9a-f]{64}", node.must("node", "id", "-q")).group() for node in nodes]
    for node, name in zip(nodes[1:], ids[1:]):
        first.must("node", "connect", "%s@127.0.0.1:%d" % (name, node.rpc))
    for name in ids:
        first.must("layout", "assign", "-z", "here", "-c", "10G", name)
    first.must("layout", "apply", "--version", "1")
    first.must("bucket", "create", "library")
    said = first.must("key", "create", "library")
    name = re.search(r"Key ID:\s*(\S+)", said).group(1)
    key = re.search(r"Secret key:\s*(\S+)", said).group(1)
    first.must("bucket", "allow", "--read", "--write", "--owner", "library", "--key", name)
    environment = {
        **os.environ, "AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": key,
        "TOMBOLO_OBJECTS": "s3://library/test?endpoint=http://127.0.0.1:%d&region=garage" % first.s3,
    }
    return nodes, environment


def main():
    garage, folder, *command = sys.argv[1:]
    nodes, environment = cluster(os.path.abspath(garage), os.path.abspath(folder))
    try:
        print("three nodes of %s" % nodes[0].must("--version").split("\n")[0], flush=True)
        code = subprocess.run(command, env=environment).returncode
    finally:
        for node in nodes:
            node.process.kill()
            node.process.wait()
    sys.exit(code)


main()
