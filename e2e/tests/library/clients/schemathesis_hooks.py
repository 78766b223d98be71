"""What schemathesis has to know of the library: a session for each request, bytes for uploads, and real
items, uploads and links among the ids that it makes up."""

import json
import os
import urllib.request

import schemathesis

BASE = os.environ["LIBRARY"]
PASSWORD = "correct horse battery"


def ask(method, path, body=None, token=None, fields=None):
    headers = {"Content-Type": "application/json", **(fields or {})}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}/library/api/{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def log_in():
    who = {"email": os.environ["EMAIL"], "password": PASSWORD}
    return ask("POST", "sessions", who)["token"]


@schemathesis.serializer("application/offset+octet-stream")
def offset_bytes(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


TOKEN = log_in()


def upload(name, length=None):
    fields = {"Content-Type": "application/octet-stream"}
    if length is None:
        return ask("POST", "uploads", b"some text\n", TOKEN, fields)
    fields |= {"Tus-Resumable": "1.0.0", "Upload-Length": str(length)}
    return ask("POST", "uploads", b"", TOKEN, fields)


def item():
    return upload("a.txt")["item"]


def real(path):
    """A real thing for a path; a new one where the call ends it."""
    if path.startswith("/library/api/items/"):
        return {"id": item()}
    if path.startswith("/library/api/uploads/"):
        ask("POST", "uploads", b"", TOKEN, {"Tus-Resumable": "1.0.0", "Upload-Length": "10"})
        return {"id": ask("GET", "uploads?limit=1", None, TOKEN)["items"][0]["id"]}
    return {}


@schemathesis.hook
def before_call(context, case, kwargs):
    case.headers = case.headers or {}
    spares = case.path in ("/library/api/sessions", "/library/api/users/me")
    ends = case.method == "DELETE" and spares
    if "Authorization" not in case.headers:
        # What ends a session or an account ends one that nobody needs.
        case.headers["Authorization"] = f"Bearer {spare() if ends else TOKEN}"
    if case.path_parameters and "id" in case.path_parameters and before_call.count % 2 == 0:
        case.path_parameters = {**case.path_parameters, **real(case.path)}
    before_call.count += 1


before_call.count = 0


def spare():
    spare.count += 1
    who = {"email": f"spare{spare.count}-{os.getpid()}@example.org", "password": PASSWORD}
    ask("POST", "users", {**who, "name": "Spare"})
    return ask("POST", "sessions", who)["token"]


spare.count = 0
