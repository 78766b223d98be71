"""How each client is called. All go on by themselves, or are started again until they are done."""

import os
import shlex
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def node(kept, script, *arguments):
    environment = {**os.environ, "NODE_PATH": kept + "/node_modules"}
    return ["node", os.path.join(HERE, script), *arguments], environment


def python(kept, script, *arguments):
    return [kept + "/venv/bin/python", os.path.join(HERE, script), *arguments], None


def shell(text):
    return ["sh", "-c", text], None


def tus_js(way):
    return lambda case: node(
        case.kept, "tus.cjs", case.endpoint, case.token, case.path, case.state, way
    )


def uppy(case):
    return node(case.kept, "uppy.mjs", case.endpoint, case.token, case.path, case.state)


def tuspy(case):
    return python(case.kept, "tuspy.py", case.endpoint, case.token, case.path, case.state)


def aiotus(case):
    return python(case.kept, "aiotus.py", case.endpoint, case.token, case.path, case.state)


def curl_up(case):
    return ["sh", os.path.join(HERE, "curl.sh"), case.endpoint, case.token, case.path, case.state], None


def chromium(case):
    arguments = (case.endpoint, case.token, case.path, case.state, case.password)
    return [sys.executable, os.path.join(HERE, "browser.py"), *arguments], None


UPLOADS = {
    "tus-js-client": tus_js("whole"),
    "tus-js-client parallel": tus_js("parallel"),
    "tus-js-client draft": tus_js("draft"),
    "uppy": uppy,
    "tuspy": tuspy,
    "aiotus": aiotus,
    "curl -T": curl_up,
    "Chromium": chromium,
}


def fetch(text):
    """A download by a command line; in it are the address, the field and the file."""

    def command(case):
        url, field = shlex.quote(case.url), shlex.quote("Authorization: Bearer " + case.token)
        return shell(text.format(url=url, field=field, file=shlex.quote(case.path), link=shlex.quote(case.link),
                                 folder=shlex.quote(os.path.dirname(case.path)), name=os.path.basename(case.path)))

    return command


DOWNLOADS = {
    "curl -C -": fetch(
        "for i in $(seq 60); do curl -sS -f -C - --max-time 60 -H {field} -o {file} {url} && exit 0; "
        "sleep 0.2; done; exit 1"
    ),
    "wget -c": fetch(
        "for i in $(seq 60); do wget -q -c -t 20 -T 5 --waitretry=1 --retry-connrefused "
        "--retry-on-http-error=502,503,504 --header {field} -O {file} {url} && exit 0; sleep 0.2; done; exit 1"
    ),
    "aria2c -x8": fetch(
        "aria2c -q -x8 -s8 -k1M -c --allow-overwrite=true --auto-file-renaming=false --retry-wait=1 -m 0 "
        "--max-file-not-found=0 -t 5 --connect-timeout=5 --file-allocation=none --header={field} "
        "-d {folder} -o {name} {url}"
    ),
    "rclone": fetch(
        "rclone copyurl --retries 20 --low-level-retries 20 --retries-sleep 200ms --timeout 5s "
        "--header {field} {url} {file}"
    ),
    "lftp": fetch(
        "lftp -c 'set net:timeout 5; set net:max-retries 30; set net:reconnect-interval-base 1; "
        "set net:reconnect-interval-max 1; set xfer:clobber true; get -c '{link}' -o '{file}"
    ),
}
