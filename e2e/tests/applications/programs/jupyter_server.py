"""JupyterLab with a token, in this folder; prints where once it serves."""

import glob
import json
import os
import subprocess
import sys
import time

home = os.path.abspath("home")
os.makedirs(home)
environment = {**os.environ, "HOME": home, "JUPYTER_RUNTIME_DIR": f"{home}/runtime"}
options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=secret"]
options += ["--ServerApp.allow_remote_access=True", f"--ServerApp.root_dir={home}"]
with open("jupyter.log", "w") as log:
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log
    )
try:
    while not (files := glob.glob(f"{home}/runtime/jpserver-*.json")):
        assert server.poll() is None, open("jupyter.log").read()
        time.sleep(0.1)
    time.sleep(0.2)
    print(f"listening on 127.0.0.1:{json.load(open(files[0]))['port']}", flush=True)
    server.wait()
finally:
    server.kill()
