"""One connection's operations, with a client who takes its time."""

import asyncio
from typing import Any, cast

from headgate.dialects.graphql.sockets import Talk
from headgate.dialects.graphql.words import TRANSPORT


class Client:
    """A socket: what the client says, then nothing; and nothing of what it is told is read until the door is open."""

    headers: dict[bytes, bytes] = {}  # noqa: RUF012 (nobody changes it)

    def __init__(self, *says: str) -> None:
        self.says = list(says)
        self.door = asyncio.Event()
        self.told: list[str] = []

    async def receive(self) -> str | None:
        """The next message."""
        return self.says.pop(0) if self.says else None

    async def send(self, text: str) -> None:
        """Tell it something; greetings get through."""
        if "connection_ack" not in text:
            await self.door.wait()
        self.told.append(text)


class Maker:
    """What answers operations: notes how many it has made."""

    def __init__(self) -> None:
        self.made = 0

    async def begin(self, asked: object, owner: str) -> tuple[None, dict[str, Any]]:
        """Make an answer."""
        self.made += 1
        return None, {"data": {"hello": "Hello World"}}

    def owner_of_socket(self, headers: object, said: object) -> str:
        """Everybody may."""
        return "anybody"


def test_who_does_not_read_has_one_answer_waiting() -> None:
    """Each may have megabytes."""

    async def play() -> None:
        asks = [f'{{"type": "subscribe", "id": "{n}", "payload": {{"query": "{{ hello }}"}}}}' for n in range(9)]
        client, maker = Client('{"type": "connection_init"}', *asks), Maker()
        talk = Talk(cast("Any", client), TRANSPORT, cast("Any", maker), cast("Any", maker))
        await talk.hold()
        tasks = list(talk._at_work.values())
        for _ in range(50):
            await asyncio.sleep(0)
        assert maker.made == 1
        client.door.set()
        await asyncio.wait(tasks)
        assert maker.made == 9
        assert sum('"complete"' in text for text in client.told) == 9
        await talk.end()

    asyncio.run(play())
