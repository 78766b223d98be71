"""A network between a client and the gateway that fails once, at a chosen place of a message.

It reads requests and answers as far as it takes to know where a body begins and ends, and passes on
every byte as it came. What happens at the place is the caller's: `reached` is called with the pair of
connections, and nothing more of that message passes until it returns.
"""

import socket
import struct
import threading
import time

HEAD, FIRST, MIDDLE, LAST, AFTER = "headers", "first byte", "middle", "last byte", "after the last byte"
PLACES = [HEAD, FIRST, MIDDLE, LAST, AFTER]
UP, DOWN = "up", "down"

# Small buffers: what is sent again is then what the server did not keep, not what lay in this machine.
BUFFER = 64 * 1024


def close(sock, reset):
    """Ends a connection, with a reset if that is asked for."""
    try:
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # A thread that waits in it would keep it open.
            sock.shutdown(socket.SHUT_RD)
        else:
            sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sock.close()


class Pair:
    """A client's connection and the one to the gateway."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.method = ""
        self.replica = ""
        self.is_silent = False
        self.holds_answer = False
        self.answered = threading.Event()

    def silence(self):
        """Nothing passes any more; the server's side stays open, as when a network goes away."""
        self.is_silent = True

    def reset(self):
        for sock in (self.client, self.server):
            close(sock, True)


class Body:
    """How much of a body is left, by its length or its chunks."""

    def __init__(self, head):
        fields = dict(
            (name.strip().lower(), value.strip())
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])
        )
        self.chunked = "chunked" in fields.get("transfer-encoding", "").lower()
        self.left = 0 if self.chunked else int(fields.get("content-length", 0))
        self.line = b""
        self.state = "size"
        self.ended = not self.chunked and self.left == 0

    def take(self, data):
        """How many of these bytes are the message's, and how many of them are content."""
        if not self.chunked:
            count = min(len(data), self.left)
            self.left -= count
            self.ended = self.left == 0
            return count, count
        used = content = 0
        while used < len(data) and not self.ended:
            if self.state == "data":
                count = min(len(data) - used, self.left)
                used, content, self.left = used + count, content + count, self.left - count
                if self.left == 0:
                    self.state = "after"
                continue
            self.line += data[used : used + 1]
            used += 1
            if not self.line.endswith(b"\n"):
                continue
            line, self.line = self.line.strip(), b""
            if self.state == "after":
                self.state = "size"
            elif self.state == "trailer":
                self.ended = not line
            else:
                self.left = int(line.split(b";")[0], 16)
                self.state = "data" if self.left else "trailer"
        return used, content


class Fault:
    """Fails once, in the first message of a direction that `is_meant` and is long enough."""

    def __init__(self, target, place, direction, total, is_meant, reached):
        self.target, self.place, self.direction = target, place, direction
        self.at = {FIRST: 1, MIDDLE: total // 2, LAST: max(total - 1, 0), AFTER: total}.get(place, 0)
        if place == AFTER and direction == DOWN:
            # A client of several connections may end one early: the end of any answer will do.
            self.at = 1
        self.is_meant, self.reached = is_meant, reached
        self.armed = place is not None
        self.lock = threading.Lock()
        self.passed = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.socket()
                for sock in (client, server):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server.connect(self.target)
            except OSError:
                close(client, True)
                continue
            pair = Pair(client, server)
            for way in (UP, DOWN):
                threading.Thread(target=self.pump, args=(pair, way), daemon=True).start()

    def pump(self, pair, way):
        source, sink = (pair.client, pair.server) if way == UP else (pair.server, pair.client)
        try:
            self.carry(pair, way, source, sink)
        except (OSError, ValueError):
            if not pair.is_silent:
                pair.reset()

    def carry(self, pair, way, source, sink):
        head, body, meant = b"", None, False
        while True:
            data = source.recv(BUFFER)
            while pair.is_silent:
                time.sleep(0.05)
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            if way == DOWN and pair.holds_answer:
                pair.answered.set()
                continue
            while data:
                if body is None:
                    head, data, done = take_head(head, data)
                    if not done:
                        break
                    text, head = head.decode("latin-1"), b""
                    if way == UP:
                        pair.method = text.split(" ", 1)[0]
                    body = Body(text)
                    for line in text.split("\r\n"):
                        if way == DOWN and line.lower().startswith("x-replica:"):
                            pair.replica = line.split(":")[1].strip()
                    if way == DOWN and (pair.method == "HEAD" or text.split(" ")[1] in ("204", "304")):
                        body.ended = True
                    meant = way == self.direction and self.is_meant(text) and not body.ended
                    if meant and self.fires(HEAD):
                        sink.sendall(text.encode("latin-1")[: len(text) // 2])
                        self.reached(pair)
                        return
                    sink.sendall(text.encode("latin-1"))
                    if text.startswith("HTTP/1.1 1") or body.ended:
                        body = None
                    continue
                data = self.carry_body(pair, sink, body, data, meant)
                if data is None:
                    return
                if body.ended:
                    body = None

    def carry_body(self, pair, sink, body, data, meant):
        """Passes bytes of a body on; what is left, or None once the place was reached."""
        before = (body.left, body.line, body.state, body.ended)
        used, content = body.take(data)
        if self.place == AFTER:
            is_there = body.ended and self.passed + content >= self.at
        else:
            is_there = self.place != HEAD and self.passed + content >= self.at
        if meant and self.armed and is_there:
            # Again, and no further than the place.
            body.left, body.line, body.state, body.ended = before
            end = 0
            passed = self.passed
            while passed < self.at and end < used:
                step = used - end if self.at - passed >= used - end else self.at - passed
                took, content = body.take(data[end : end + step])
                end, passed = end + took, passed + content
            if self.place == AFTER:
                end = used
            if self.fires(self.place):
                pair.holds_answer = self.place == AFTER
                sink.sendall(data[:end])
                self.passed = passed
                self.reached(pair)
                return None
        if meant:
            self.passed += content
        sink.sendall(data[:used])
        return data[used:]

    def fires(self, place):
        with self.lock:
            fires, self.armed = self.armed and place == self.place, self.armed and place != self.place
            return fires

    def end(self):
        self.listener.close()


def take_head(head, data):
    """A head as far as it came, what comes after it, and whether it is whole."""
    before = len(head)
    head += data
    end = head.find(b"\r\n\r\n", max(before - 3, 0))
    if end < 0:
        return head, b"", False
    return head[: end + 4], head[end + 4 :], True
