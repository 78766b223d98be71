"""What the editor does: its page, flows deployed and changed, its WebSocket; and a flow that answers."""

import json
import sys
import urllib.request

from websockets.sync.client import connect

base = sys.argv[1]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(path, body=None):
    request = urllib.request.Request(base + path)
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    return opener.open(request, data, timeout=60).read().decode()


def deploy(path, text):
    flow = [
        {"id": "tab", "type": "tab", "label": "probe"},
        {"id": "in", "type": "http in", "z": "tab", "url": path, "method": "get", "wires": [["text"]]},
        {"id": "text", "type": "template", "z": "tab", "template": text, "output": "str", "wires": [["out"]]},
        {"id": "out", "type": "http response", "z": "tab", "wires": []},
    ]
    ask("/flows", flow)
    for _ in range(2):
        told = json.loads(ask("/flows"))
        assert [node["template"] for node in told if node["type"] == "template"] == [text], told


assert "Node-RED" in ask("/")
with connect(f"ws{base[4:]}/comms", proxy=None, open_timeout=60) as socket:
    socket.send(json.dumps({"subscribe": "notification/#"}))
    deploy("/probe", "one")
    assert ask("/probe") == "one"
    deploy("/second", "two")
    assert ask("/second") == "two"
    while "notification/runtime-deploy" not in socket.recv(timeout=60):
        pass
assert ask("/red/red.min.js") == ask("/red/red.min.js")
print("all well")
