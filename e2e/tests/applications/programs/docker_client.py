"""skopeo: an image of one layer is pushed, pulled, pushed again with other content, pulled again."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from urllib.parse import urlsplit

registry = urlsplit(sys.argv[1]).netloc


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def image(folder, content):
    """Writes an OCI image of one file."""
    os.makedirs(f"{folder}/blobs/sha256")

    def blob(data):
        with open(f"{folder}/blobs/sha256/{digest(data)[7:]}", "wb") as file:
            file.write(data)
        return {"digest": digest(data), "size": len(data)}

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    layer = layer.getvalue()
    kind = "application/vnd.oci.image."
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": kind + "manifest.v1+json",
        "config": {"mediaType": kind + "config.v1+json", **blob(json.dumps(config).encode())},
        "layers": [{"mediaType": kind + "layer.v1.tar", **blob(layer)}],
    }
    index = {"schemaVersion": 2, "manifests": [{"mediaType": kind + "manifest.v1+json", **blob(json.dumps(manifest).encode())}]}
    with open(f"{folder}/index.json", "w") as file:
        json.dump(index, file)
    with open(f"{folder}/oci-layout", "w") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)


def skopeo(*arguments):
    done = subprocess.run(["skopeo", "--insecure-policy", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


for turn in (1, 2):
    image(f"pushed-{turn}", os.urandom(1 << 20) * 8)
    skopeo("copy", "--preserve-digests", "--dest-tls-verify=false", f"oci:pushed-{turn}", f"docker://{registry}/probe:latest")
    for copy in ("a", "b"):
        pulled = f"pulled-{turn}-{copy}"
        skopeo("copy", "--preserve-digests", "--src-tls-verify=false", f"docker://{registry}/probe:latest", f"oci:{pulled}")
        names = sorted(os.listdir(f"pushed-{turn}/blobs/sha256"))
        assert sorted(os.listdir(f"{pulled}/blobs/sha256")) == names, (names, turn, copy)
print("all well")
