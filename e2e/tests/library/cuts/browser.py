"""The library's own page in Chromium: logs in, chooses the file, and waits until it is complete.

    browser.py ENDPOINT TOKEN PATH STATE PASSWORD

Killed, it is started again as a person would: a new browser, the same file.
"""

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time

endpoint, _, path, _, password = sys.argv[1:]
page = endpoint.replace("/library/api/uploads", "/library/")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 50


class Driver:
    def __init__(self, profile):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "chromedriver", "--port=0"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for line in self.process.stdout:
            if found := re.search(r"on port (\d+)\.", line):
                self.port = int(found.group(1))
                break
        arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + profile]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        options = {"goog:chromeOptions": {"args": arguments}}
        self.path = ""
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.path = "/session/" + made["sessionId"]

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, self.path + path, json.dumps(body) if body is not None else None)
        answer = json.loads(connection.getresponse().read())["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise OSError(answer["message"])
        return answer

    def script(self, text):
        return self.call("POST", "/execute/sync", {"script": text, "args": []})

    def until(self, text):
        end = time.monotonic() + PATIENCE
        while not (answer := self.script("return " + text)):
            if time.monotonic() > end:
                raise OSError("waited in vain for " + text)
            time.sleep(0.05)
        return answer

    def type(self, selector, text):
        element = self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
        self.call("POST", "/element/%s/value" % element, {"text": text})

    def end(self):
        try:
            self.call("DELETE", "")
        finally:
            self.process.terminate()
            self.process.wait()


def upload(driver):
    driver.call("POST", "/url", {"url": page + "#account"})
    driver.until("document.querySelector('#email')?.checkVisibility()")
    driver.type("#email", "ana@example.org")
    driver.type("#password", password)
    driver.script("document.querySelector('#enter-button').click()")
    driver.until("!document.querySelector('#drop').hidden")
    driver.call("POST", "/url", {"url": page + "#items"})
    driver.until("!document.querySelector('#drop').hidden")
    driver.type("#files", path)
    driver.until("/complete/.test(document.querySelector('#uploads').textContent)")


with tempfile.TemporaryDirectory() as profile:
    driver = Driver(profile)
    try:
        upload(driver)
    except OSError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    finally:
        driver.end()
