"""Uploads as WebDAV clients do: under another name, then moved into place."""

import http.client
import sys
from urllib.parse import urlsplit

address = urlsplit(sys.argv[1]).netloc


def ask(method, path, body=None, **fields):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def is_there(path, content):
    for _ in range(2):
        assert ask("GET", path) == (200, content), (path, content, ask("GET", path))


def is_gone(path):
    assert ask("GET", path)[0] == 404, path


def to(path):
    return {"Destination": f"http://{address}{path}", "Overwrite": "T"}


assert ask("PUT", "/report.txt", b"old")[0] == 201
is_there("/report.txt", b"old")
assert ask("PUT", "/report.txt.part", b"new")[0] == 201
is_there("/report.txt.part", b"new")
assert ask("MOVE", "/report.txt.part", **to("/report.txt"))[0] == 204
is_there("/report.txt", b"new")
is_gone("/report.txt.part")
assert ask("PUT", "/other.txt", b"other")[0] == 201
is_there("/other.txt", b"other")
assert ask("COPY", "/report.txt", **to("/other.txt"))[0] == 204
is_there("/other.txt", b"new")
assert ask("MKCOL", "/folder")[0] == 201
assert ask("PUT", "/folder/a.txt", b"a")[0] == 201
is_there("/folder/a.txt", b"a")
assert ask("MOVE", "/folder", **to("/moved"))[0] == 201
is_there("/moved/a.txt", b"a")
is_gone("/folder/a.txt")
assert ask("DELETE", "/moved")[0] == 204
is_gone("/moved/a.txt")
status, listing = ask("PROPFIND", "/", Depth="1")
assert status == 207 and b"report.txt" in listing and b"moved" not in listing, (status, listing)
print("all well")
