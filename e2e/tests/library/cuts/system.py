"""Three replicas and the gateway before them, to be killed and started again; a user of theirs."""

import concurrent.futures
import hashlib
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import threading
import time

PATIENCE = 30
PASSWORD = "correct horse battery"


def eventually(what, found):
    """Asks again until there is an answer."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = found()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("waited %d s in vain for %s" % (PATIENCE, what))
        time.sleep(0.02)


# A process is told to end when the thread that started it does: one thread starts all of them.
STARTER = concurrent.futures.ThreadPoolExecutor(max_workers=1)


class Process:
    """A process of ours, which ends with this one."""

    def __init__(self, arguments, folder, environment=None):
        self.arguments, self.folder, self.environment = arguments, folder, environment
        self.address = None
        self.start()

    def start(self):
        command = ["setpriv", "--pdeathsig", "KILL", *self.arguments]
        self.process = STARTER.submit(
            subprocess.Popen, command, cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ).result()
        self.said, self.known, self.address = [], threading.Event(), None
        threading.Thread(target=self.listen, args=(self.process.stderr, self.said, self.known), daemon=True).start()
        if not self.known.wait(PATIENCE) or not self.address:
            raise AssertionError("not listening: " + "".join(self.said[-20:]))

    def listen(self, stream, said, known):
        for line in stream:
            said.append(line)
            found = re.search(r"listening on http://([0-9.:]+)", line)
            if found and not known.is_set():
                self.address = found.group(1)
                known.set()
        known.set()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def is_running(self):
        return self.process.poll() is None


class System:
    def __init__(self, binary, folder, objects=None, environment=None):
        self.binary, self.folder, self.environment = binary, folder, environment
        self.objects = objects or "file:%s/objects" % folder
        self.database = folder + "/library.db"
        self.replicas = [self.replica(index, "127.0.0.1:0") for index in range(3)]
        for replica in self.replicas:
            replica.arguments[replica.arguments.index("--listen") + 1] = replica.address
        self.gateway = self.start_gateway("127.0.0.1:0")
        self.configure(self.gateway.address)
        self.address = self.gateway.address
        host, port = self.address.split(":")
        self.target = (host, int(port))
        self.token = self.register()

    def replica(self, index, listen):
        arguments = [
            self.binary, "serve", "library", "--listen", listen, "--database",
            "sqlite:" + self.database, "--objects", self.objects,
            "--replica", "library-%d" % (index + 1),
        ]
        return Process(arguments, self.folder, self.environment)

    def configure(self, listen):
        servers = ", ".join('"%s"' % replica.address for replica in self.replicas)
        with open(self.folder + "/tombolo.toml", "w") as file:
            file.write(
                '[gateway]\nlisten = ["%s"]\nworkers = 1\n[gateway.limits]\nbody_bytes = 0\n'
                '[[upstream]]\nname = "library"\nservers = [%s]\n' % (listen, servers)
            )

    def start_gateway(self, listen):
        self.configure(listen)
        return Process([self.binary, "gateway", "-c", "tombolo.toml"], self.folder)

    def restart(self, process):
        process.kill()
        process.start()

    def kill_holder(self):
        """Kills the replica that receives an upload now, or one of them; gives it."""
        rows = sqlite3.connect("file:%s?mode=ro" % self.database, uri=True, timeout=10)
        found = rows.execute("SELECT holder FROM library_upload WHERE holder IS NOT NULL").fetchone()
        rows.close()
        replica = self.replicas[int(found[0][-1]) - 1 if found else 0]
        replica.kill()
        return replica

    def heal(self):
        """Starts what is not running."""
        for process in [*self.replicas, self.gateway]:
            if not process.is_running():
                process.start()

    def ask(self, method, target, body=None, headers=None, wait=PATIENCE):
        connection = http.client.HTTPConnection(self.address, timeout=wait)
        try:
            fields = {"Authorization": "Bearer " + self.token} if self.token else {}
            if isinstance(body, dict):
                body, fields["Content-Type"] = json.dumps(body), "application/json"
            connection.request(method, target, body, {**fields, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer, answer.read()
        finally:
            connection.close()

    def register(self):
        self.token = None
        user = {"email": "ana@example.org", "name": "Ana", "password": PASSWORD}
        assert self.ask("POST", "/library/api/users", user)[0] == 201
        del user["name"]
        status, _, body = self.ask("POST", "/library/api/sessions", user)
        assert status == 201, body
        return json.loads(body)["token"]

    def newest(self):
        status, _, body = self.ask("GET", "/library/api/items?sort=-created&limit=1")
        assert status == 200, body
        items = json.loads(body)["items"]
        return items[0] if items else None

    def dead_head(self):
        """Asks for the offset of the upload that is under way; how long the answer took."""
        status, _, body = self.ask("GET", "/library/api/uploads")
        assert status == 200, body
        under_way = [one for one in json.loads(body)["items"] if one["state"] == "receiving"]
        if not under_way:
            return None
        target = "/library/api/uploads/" + under_way[0]["id"]
        begun = time.monotonic()
        status, answer, _ = self.ask("HEAD", target, headers={"Tus-Resumable": "1.0.0"})
        took = time.monotonic() - begun
        assert status == 200 and answer.headers["Upload-Offset"] is not None, status
        return took

    def end(self):
        for process in [self.gateway, *self.replicas]:
            if process.is_running():
                process.kill()
            panics = [line for line in process.said if "panicked at" in line]
            assert not panics, panics


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
