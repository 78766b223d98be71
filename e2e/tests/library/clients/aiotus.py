"""aiotus: one file, and what the server says of it afterwards."""

import asyncio
import sys
from pathlib import Path

# This file has the library's name: its own folder must not come first.
sys.path.pop(0)
import aiotus  # noqa: E402

endpoint, token, path, _ = sys.argv[1:]


async def main():
    headers = {"Authorization": f"Bearer {token}"}
    with open(path, "rb") as file:
        location = await aiotus.upload(
            endpoint, file, {"filename": "año Ł.bin".encode()}, headers=headers
        )
    assert location is not None
    metadata = await aiotus.metadata(location, headers=headers)
    assert metadata["filename"] == "año Ł.bin".encode(), metadata
    assert Path(path).stat().st_size > 0
    print("all well")


asyncio.run(main())
