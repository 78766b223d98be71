"""aiotus: goes on after every failure by its own retries."""

import asyncio
import sys

sys.path.pop(0)
import aiotus  # noqa: E402

endpoint, token, path, _ = sys.argv[1:]


async def main():
    config = aiotus.RetryConfiguration(retry_attempts=100, max_retry_period_seconds=0.3)
    with open(path, "rb") as file:
        location = await aiotus.upload(
            endpoint, file, {"filename": b"cut.bin"}, config=config,
            headers={"Authorization": f"Bearer {token}"},
        )
    sys.exit(0 if location else 1)


asyncio.run(main())
