"""Python's own HTTP client against a gateway: one connection, every kind of message."""

import http.client
import sys


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {got!r:.200}, not {wanted!r:.200}")


def ask(connection, method, path, body=None, headers=None, chunked=False):
    connection.request(method, path, body=body, headers=headers or {}, encode_chunked=chunked)
    response = connection.getresponse()
    return response, response.read()


def main(address):
    host, port = address.split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.connect()
    socket = connection.sock
    for number in range(100):
        body = f"number {number}".encode()
        response, got = ask(connection, "POST", "/echo", body)
        expect("POST", (response.status, got), (200, body))
    large = bytes(range(256)) * 4096 * 4
    response, got = ask(connection, "PUT", "/echo", large)
    expect("large body", (response.status, got == large), (200, True))
    pieces = [b"one ", b"two ", b"three"]
    headers = {"Transfer-Encoding": "chunked"}
    response, got = ask(connection, "POST", "/echo", iter(pieces), headers, chunked=True)
    expect("chunked request", (response.status, got), (200, b"one two three"))
    response, got = ask(connection, "GET", "/chunks")
    expect("chunked response", (response.status, got), (200, b"abcdefg"))
    response, got = ask(connection, "HEAD", "/x")
    expect("HEAD", (response.status, got, response.getheader("Content-Length")), (200, b"", "7"))
    response, got = ask(connection, "DELETE", "/x")
    expect("DELETE", (response.status, got), (204, b""))
    expect("one connection for all", connection.sock is socket, True)
    response, got = ask(connection, "GET", "/x", headers={"Connection": "close"})
    expect("last", (response.status, response.will_close), (200, True))
    print("all well")


main(sys.argv[1])
