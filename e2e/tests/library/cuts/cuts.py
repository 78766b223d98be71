"""Cuts a transfer at every place, in every way, for every client: the file arrives whole.

    cuts.py TOMBOLO KEPT FOLDER short|long [WORD]...

`KEPT` is where `cargo xtask test` keeps packages. Words choose cases that contain all of them. In the
environment, `TOMBOLO_OBJECTS` names another place for content (an object store).
"""

import collections
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import clients
from fault import AFTER, DOWN, FIRST, HEAD, LAST, MIDDLE, PLACES, UP, Fault, close
from system import PASSWORD, System, sha256

MIB = 1 << 20
KILL, RESET, SILENT = "client killed", "reset", "silent"
REPLICA, GATEWAY, CHANGE = "replica killed", "gateway killed", "replica changed"
CAUSES = [KILL, RESET, SILENT, REPLICA, GATEWAY, CHANGE]

# Two intervals of 8 MiB may wait for a commit. What lies in the kernel's buffers before and behind the
# gateway comes to no replica: up to 10 MiB for each connection (tcp_wmem, tcp_rmem).
SENT_AGAIN = 2 * 8 * MIB + 16 * MIB
# These keep nothing that outlives them: killed, they begin again.
FORGETFUL = {"uppy", "aiotus"}
# A client may take its time to go on; 2 GiB takes longer.
CASE_TIME = 60


class Case:
    def __init__(self, system, kept, folder, direction, client, size, place, cause):
        self.system, self.kept, self.folder = system, kept, folder
        self.direction, self.client, self.size = direction, client, size
        self.place, self.cause = place, cause
        self.token, self.password = system.token, PASSWORD
        self.state = os.path.join(folder, "state", "known")
        self.process, self.pair, self.was_killed = None, None, False
        self.head_took = None
        self.starts = 0
        self.failure = None
        # Set while nothing is being killed or started.
        self.is_quiet = threading.Event()
        self.is_quiet.set()

    def name(self):
        return "%s %s, %d bytes, %s, %s" % (self.direction, self.client, self.size, self.place, self.cause)

    def run(self, fault):
        self.address = fault.address
        self.endpoint = "http://%s/library/api/uploads" % fault.address
        command, environment = self.command()
        limit = CASE_TIME + self.size // (2 * MIB)
        end = time.monotonic() + limit
        while True:
            self.was_killed, self.starts = False, self.starts + 1
            with open(self.folder + "/said", "wb") as said:
                self.process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", *command], env=environment,
                    stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
                )
                try:
                    code = self.process.wait(max(end - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    self.stop()
                    raise AssertionError("%s: not done in %d s: %s" % (self.name(), limit, self.said()))
            if self.failure:
                raise AssertionError("%s: %s" % (self.name(), self.failure))
            if code == 0:
                return
            if not self.was_killed:
                raise AssertionError("%s: ended with %d: %s" % (self.name(), code, self.said()))

    def said(self):
        with open(self.folder + "/said", errors="replace") as file:
            return file.read()[-2000:]

    def stop(self):
        """Ends the client and what it started: they are a group of their own."""
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()

    def reached(self, pair):
        self.is_quiet.clear()
        try:
            self.cut(pair)
        except Exception as error:  # noqa: BLE001: of another thread, told by the case
            self.failure = repr(error)
            pair.reset()
            self.stop()
        finally:
            self.is_quiet.set()

    def cut(self, pair):
        self.pair = pair
        if self.cause in (KILL, RESET, SILENT) and self.place == AFTER:
            # The answer has come this far, and no further.
            pair.answered.wait(10)
        if self.cause == KILL:
            self.was_killed = True
            self.stop()
            pair.reset()
        elif self.cause == RESET:
            pair.reset()
        elif self.cause == SILENT:
            pair.silence()
            if self.direction == UP:
                self.head_took = self.system.dead_head()
            time.sleep(0.5)
            # The client gives up; what the server has stays open and says nothing.
            close(pair.client, True)
        else:
            pair.holds_answer = False
            self.kill(pair)
            time.sleep(0.2)
            pair.reset()

    def kill(self, pair):
        if self.cause == GATEWAY:
            self.system.restart(self.system.gateway)
            return
        if self.direction == DOWN:
            index = int(pair.replica[-1]) - 1
            replica = self.system.replicas[index]
            replica.kill()
        else:
            replica = self.system.kill_holder()
        if self.cause == REPLICA:
            replica.start()


class Upload(Case):
    def command(self):
        shutil.rmtree(os.path.dirname(self.state), ignore_errors=True)
        os.mkdir(os.path.dirname(self.state))
        self.path = os.path.join(self.folder, "source-%d" % self.size)
        return clients.UPLOADS[self.client](self)

    def is_meant(self, head):
        return head.startswith(("PATCH ", "POST ", "PUT ")) and "/library/api/uploads" in head

    def judge(self, fault, digest, before):
        status, _, body = self.system.ask("GET", "/library/api/items?sort=-created&limit=10")
        assert status == 200, body
        new = [item for item in json.loads(body)["items"] if item["id"] not in before]
        assert new and all((item["size"], item["sha256"]) == (self.size, digest) for item in new), (
            "%s: %s" % (self.name(), new)
        )
        begins_again = self.client in FORGETFUL and self.starts > 1
        assert len(new) == 1 or begins_again, "%s: %d items" % (self.name(), len(new))
        again = 0 if begins_again else max(fault.passed - self.size, 0)
        # Each of three uploads at once has intervals of its own.
        streams = 3 if "parallel" in self.client else 1
        assert again <= streams * SENT_AGAIN, "%s: %d bytes were sent again" % (self.name(), again)
        return again


class Download(Case):
    def command(self):
        self.path = os.path.join(self.folder, "fetched")
        for name in os.listdir(self.folder):
            if name.startswith("fetched"):
                os.remove(os.path.join(self.folder, name))
        item = self.items[self.size]
        self.url = "http://%s/library/api/items/%s/content" % (self.address, item["id"])
        self.link = "http://%s%s" % (self.address, item["link"])
        return clients.DOWNLOADS[self.client](self)

    def is_meant(self, head):
        return head.startswith(("HTTP/1.1 200", "HTTP/1.1 206")) and "octet-stream" in head

    def judge(self, fault, digest, before):
        assert sha256(self.path) == digest, "%s: other bytes" % self.name()
        return 0


def cases(form):
    """What is run: direction, client, size, place, cause."""
    if form == "short":
        # The page has tests of its own, and a browser takes seconds.
        ways = [(UP, client) for client in clients.UPLOADS if client != "Chromium"]
        ways += [(DOWN, client) for client in clients.DOWNLOADS]
        # Every client, every place and every cause, in other company each time.
        for index, (direction, client) in enumerate(ways):
            yield direction, client, 3 * MIB + 1, PLACES[index % 5], CAUSES[index % 6]
        return
    for direction, known in ((UP, clients.UPLOADS), (DOWN, clients.DOWNLOADS)):
        for client in known:
            for place in PLACES:
                for cause in CAUSES:
                    for size in (1, MIB, 100 * MIB):
                        # Of one byte the first is the last, and there is no middle.
                        if size > 1 or place in (HEAD, LAST, AFTER):
                            yield direction, client, size, place, cause
    index = 0
    for direction, known in ((UP, clients.UPLOADS), (DOWN, clients.DOWNLOADS)):
        for client in known:
            index += 1
            yield direction, client, 2048 * MIB, MIDDLE, CAUSES[index % 6]


def source(folder, size):
    path = os.path.join(folder, "source-%d" % size)
    if not os.path.exists(path):
        block = os.urandom(MIB)
        with open(path, "wb") as file:
            left = size
            while left:
                left -= file.write(block[: min(left, MIB)])
    return path


def forget(system, folder):
    """Removes items and what they hold: hours of cases would fill the disk."""
    status, _, body = system.ask("GET", "/library/api/items?limit=100")
    assert status == 200, body
    for item in json.loads(body)["items"]:
        system.ask("DELETE", "/library/api/items/" + item["id"])
    if system.objects.startswith("file:"):
        for path, _, names in os.walk(folder + "/objects/objects"):
            for name in names:
                os.remove(os.path.join(path, name))


def prepare_downloads(system, folder, sizes):
    """Uploads a file of each size, with a link to it."""
    items = {}
    for size in sizes:
        with open(source(folder, size), "rb") as file:
            fields = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
            status, _, body = system.ask("POST", "/library/api/uploads", file, fields, wait=300)
        assert status in (200, 201), (status, body)
        item = system.newest()
        status, _, body = system.ask("POST", "/library/api/items/%s/links" % item["id"], {})
        assert status == 201, body
        url = json.loads(body)["url"]
        items[size] = {**item, "link": url[url.index("/library/") :]}
    return items


def run(system, kept, folder, chosen):
    digests, slowest, most, count = {}, 0.0, 0, collections.Counter()
    direction_before = None
    for number, (direction, client, size, place, cause) in enumerate(chosen):
        if size not in digests:
            digests[size] = sha256(source(folder, size))
        if direction != direction_before:
            forget(system, folder)
            if direction == DOWN:
                sizes = {size for way, _, size, _, _ in chosen if way == DOWN}
                Download.items = prepare_downloads(system, folder, sorted(sizes))
            direction_before = direction
        kind = Upload if direction == UP else Download
        case = kind(system, kept, folder, direction, client, size, place, cause)
        status, _, body = system.ask("GET", "/library/api/items?sort=-created&limit=10")
        before = {item["id"] for item in json.loads(body)["items"]}
        fault = Fault(system.target, place, direction, size, case.is_meant, case.reached)
        begun = time.monotonic()
        case.run(fault)
        took = time.monotonic() - begun
        assert case.is_quiet.wait(60), "%s: the fault does not end" % case.name()
        system.heal()
        again = case.judge(fault, digests[size], before)
        if fault.armed:
            raise AssertionError("%s: the place was not reached" % case.name())
        fault.end()
        if case.pair:
            case.pair.reset()
        slowest, most = max(slowest, case.head_took or 0), max(most, again)
        count[direction] += 1
        print("%4d  %s: whole after %.1f s, %d bytes sent again%s" % (
            number, case.name(), took, again,
            "" if case.head_took is None else ", HEAD in %.0f ms" % (case.head_took * 1000)), flush=True)
        if direction == UP and size > MIB:
            forget(system, folder)
    print("all well: %d uploads, %d downloads; at most %d bytes sent again; the slowest HEAD beside a dead "
          "PATCH took %.0f ms" % (count[UP], count[DOWN], most, slowest * 1000), flush=True)
    return slowest


def main():
    binary, kept, folder, form, *words = sys.argv[1:]
    threading.excepthook = lambda arguments: None
    chosen = [case for case in cases(form) if all(word in "%s %s, %d bytes, %s, %s" % case for word in words)]
    system = System(binary, folder, os.environ.get("TOMBOLO_OBJECTS"))
    try:
        slowest = run(system, kept, folder, chosen)
        if form == "long":
            assert slowest <= 1.0, "a HEAD took %.1f s" % slowest
    finally:
        system.end()


main()
