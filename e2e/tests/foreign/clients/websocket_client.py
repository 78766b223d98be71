"""The `websockets` library through a gateway: texts, binary, ping, many at once, close."""

import asyncio
import os
import sys

import websockets


async def converse(url, number):
    async with websockets.connect(url, max_size=8 << 20, proxy=None) as connection:
        for turn in range(20):
            text = f"{number}: {turn} ñandú"
            await connection.send(text)
            assert await connection.recv() == text
        large = os.urandom(2 << 20)
        await connection.send(large)
        assert await connection.recv() == large
        await (await connection.ping())
        await connection.close(code=1000, reason="done")
        assert connection.close_code == 1000, connection.close_code


async def main(address):
    url = f"ws://{address}/socket"
    await asyncio.wait_for(asyncio.gather(*(converse(url, n) for n in range(10))), 60)
    print("all well")


asyncio.run(main(sys.argv[1]))
