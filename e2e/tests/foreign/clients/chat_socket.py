"""The `websockets` library through a gateway to the chat: ten people in one room."""

import asyncio
import json
import sys

import websockets

PEOPLE = 10


async def take_part(url, number):
    texts = []
    async with websockets.connect(f"{url}?after=0&name=p{number}", proxy=None) as socket:
        hello = json.loads(await socket.recv())
        assert hello["type"] == "hello", hello
        post = {"type": "post", "author": f"p{number}", "text": f"from {number}", "key": f"k{number}"}
        await socket.send(json.dumps(post))
        posted = False
        while len(texts) < PEOPLE or not posted:
            said = json.loads(await socket.recv())
            assert said["type"] not in ("error", "reset"), said
            posted = posted or said["type"] == "posted"
            if said["type"] == "message":
                assert said["data"]["seq"] == len(texts) + 1, said
                texts.append(said["data"]["text"])
    return texts


async def main(address):
    url = f"ws://{address}/chat/rooms/python/ws"
    everybody = asyncio.gather(*(take_part(url, number) for number in range(PEOPLE)))
    transcripts = await asyncio.wait_for(everybody, 60)
    assert all(one == transcripts[0] for one in transcripts), transcripts
    assert sorted(transcripts[0]) == [f"from {number}" for number in range(PEOPLE)]
    print("all well")


asyncio.run(main(sys.argv[1]))
