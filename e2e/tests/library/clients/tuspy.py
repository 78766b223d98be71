"""tuspy: one file in chunks, cut in the middle and gone on with by its address."""

import sys

from tusclient import client

endpoint, token, path, way = sys.argv[1:]
tus = client.TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
options = {
    "file_path": path,
    "chunk_size": 500_000,
    "metadata": {"filename": "año Ł.bin"},
    "upload_checksum": way == "checksums",
    "retries": 3,
    "retry_delay": 0.1,
}
first = tus.uploader(**options)
first.upload_chunk()
first.upload_chunk()
assert first.offset == 1_000_000, first.offset
second = tus.uploader(url=first.url, **options)
assert second.offset == 1_000_000, second.offset
second.upload()
print("all well")
