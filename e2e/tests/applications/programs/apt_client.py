"""apt with nothing of the machine's own: updates its lists and downloads the package, twice."""

import os
import subprocess
import sys

here = os.path.abspath("client")
for part in ("etc/preferences.d", "state/lists/partial", "cache/archives/partial"):
    os.makedirs(f"{here}/{part}")
with open(f"{here}/etc/sources.list", "w") as sources:
    sources.write(f"deb [trusted=yes] {sys.argv[1]}/ ./\n")
open(f"{here}/status", "w").close()
options = {
    "Dir::Etc": f"{here}/etc",
    "Dir::Etc::sourcelist": f"{here}/etc/sources.list",
    "Dir::Etc::sourceparts": "-",
    "Dir::State": f"{here}/state",
    "Dir::State::status": f"{here}/status",
    "Dir::Cache": f"{here}/cache",
    "APT::Sandbox::User": "",
    "APT::Architecture": "all",
    "Acquire::http::Proxy": "DIRECT",
    "Acquire::Languages": "none",
    "Acquire::Retries": "0",
}
apt = ["apt-get", "-qq"] + [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
os.chdir("client")
for _ in range(2):
    subprocess.run(apt + ["update"], check=True)
    subprocess.run(apt + ["download", "tombolo-probe"], check=True)
    name = "tombolo-probe_1.0_all.deb"
    assert open(name, "rb").read() == open(f"../repository/{name}", "rb").read()
    os.remove(name)
print("all well")
