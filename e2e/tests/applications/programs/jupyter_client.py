"""What JupyterLab's page does: files of the page, a file saved and read, a kernel asked for a sum."""

import json
import re
import sys
import urllib.error
import urllib.request
import uuid

from websockets.sync.client import connect

base = sys.argv[1]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(path, method="GET", body=None, token="secret"):
    request = urllib.request.Request(base + path, method=method)
    if token:
        request.add_header("Authorization", f"token {token}")
    data = None if body is None else json.dumps(body).encode()
    return opener.open(request, data, timeout=60).read()


page = ask("/lab").decode()
files = re.findall(r'src="(/static/[^"]+)"', page)
assert "JupyterLab" in page and files, page[:300]
for path in files:
    assert ask(path) == ask(path) and len(ask(path)) > 1000, path
for _ in range(2):
    try:
        ask("/api/contents", token=None)
        raise AssertionError("a stranger sees the files")
    except urllib.error.HTTPError as refused:
        assert refused.code == 403, refused
ask("/api/contents/note.txt", "PUT", {"type": "file", "format": "text", "content": "one"})
assert json.loads(ask("/api/contents/note.txt"))["content"] == "one"
ask("/api/contents/note.txt", "PUT", {"type": "file", "format": "text", "content": "two"})
assert json.loads(ask("/api/contents/note.txt"))["content"] == "two"
kernel = json.loads(ask("/api/kernels", "POST", {}))["id"]
url = f"ws{base[4:]}/api/kernels/{kernel}/channels?token=secret"
with connect(url, proxy=None, open_timeout=60) as socket:
    message = {
        "header": {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex, "version": "5.3"},
        "parent_header": {}, "metadata": {}, "channel": "shell", "buffers": [],
        "content": {"code": "print(6 * 7)", "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True},
    }
    socket.send(json.dumps(message))
    while True:
        answer = json.loads(socket.recv(timeout=60))
        if answer["msg_type"] == "stream":
            assert answer["content"]["text"] == "42\n", answer
            break
ask(f"/api/kernels/{kernel}", "DELETE")
print("all well")
