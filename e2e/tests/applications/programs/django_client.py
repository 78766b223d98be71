"""Three people with a browser's cookies each: two log in, one does not."""

import http.cookiejar
import re
import sys
import urllib.parse
import urllib.request

base = sys.argv[1]


class Person:
    def __init__(self):
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )

    def get(self, path):
        return self.opener.open(base + path, timeout=30).read().decode()

    def post(self, path, **fields):
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get("/login")).group(1)
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        return self.opener.open(base + path, form, timeout=30).read().decode()


def sees(person, name):
    for _ in range(3):
        page = person.get("/")
        assert page == f"hello {name}", (name, page)
        assert person.get("/about") == "about us"


stranger, anna, berta = Person(), Person(), Person()
sees(stranger, "stranger")
sees(anna, "stranger")
assert anna.post("/login", username="anna", password="pass of anna") == "hello anna"
sees(anna, "anna")
sees(stranger, "stranger")
sees(anna, "anna")
assert berta.post("/login", username="berta", password="pass of berta") == "hello berta"
sees(berta, "berta")
sees(anna, "anna")
sees(Person(), "stranger")
assert anna.post("/logout") == "hello stranger"
sees(anna, "stranger")
sees(berta, "berta")
print("all well")
