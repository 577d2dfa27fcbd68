"""
What the one published client of this dialect does, step by step.

It reads streams with a browser's EventSource and everything else with plain requests; it knows no
more of an answer than these lines do, and waits for no more.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.e2e.wire import Wire
from tests.offload.visitor import go, path_of, post
from tests.serving import Serving

POLL = 0.5


class Chat:
    """One conversation."""

    def __init__(self, server: Serving, *, private: bool) -> None:
        self._server, self._access = server, "private" if private else "public"
        self.text = ""
        """Of the last answer, as it is shown."""
        self.status_url = ""
        self._said: dict[str, Any] = {}
        self._headers: dict[str, str] = {}

    def send(self, message: str, **more: Any) -> None:
        """A message; the messages before it are not sent again."""
        asked = {"messages": json.dumps([{"role": "user", "content": message}]), "access": self._access, **more}
        if self.status_url:
            asked["from_status_url"] = self.status_url
            asked["from_bearer_token"] = self._said["authorization"].get("bearer_token")
            asked["conversation_id"] = self._said["conversation_id"]
        key = {"x-rapidapi-key": "k", "x-rapidapi-host": "offloadgpt.p.rapidapi.com", "x-openai-api-key": "sk-own"}
        answer = post(self._server, "/v1/stream-chatgpt", asked, key)
        assert answer.status == 200, answer
        self._said, self.text = answer.json(), ""
        self.status_url = self._said["endpoints"]["status_url"]
        token = self._said["authorization"].get("bearer_token")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}

    def read(self) -> Iterator[str]:
        """What the page shows, each time that it grows; ends when the client takes the answer to be over."""
        url = self._said["endpoints"]["stream_events_url"]
        argument = self._said["authorization"].get("stream_url_arg")
        for data in event_source(self._server, f"{url}?{argument}" if argument else url):
            if data in ("", "[DONE]"):
                return
            try:
                chunk = json.loads(data)
            except ValueError:
                continue
            if not isinstance(chunk, dict) or not chunk.get("choices"):
                continue
            choice = chunk["choices"][0]
            if choice["delta"].get("content"):
                self.text += choice["delta"]["content"]
                yield self.text
            if choice.get("finish_reason"):
                return

    def stop(self) -> bool:
        """Whether the page believes that it was stopped."""
        answer = go(self._server, self._said["endpoints"]["stop_url"], self._headers)
        return answer.status == 200 and answer.json().get("status") == "success"

    def poll(self) -> str | None:
        """The text of the answer, once it is done; None when the client gives up."""
        while True:
            said = go(self._server, self.status_url, self._headers).json()
            if not said.get("status") or said["status"] == "error":
                return None
            if said["status"] == "done":
                return str(said["response"]["body"]["choices"][0]["message"]["content"])
            time.sleep(POLL)

    def load(self) -> list[tuple[str, str]]:
        """The whole conversation, as the page shows it when it is opened again."""
        said = go(self._server, self.status_url, self._headers).json()
        turns = [(turn["role"], turn["content"]) for turn in said["parameters"]["messages"]]
        turns.append(("assistant", said["response"]["body"]["choices"][0]["message"]["content"]))
        return [turn for turn in turns if turn[0] in ("user", "assistant")]


def event_source(server: Serving, url: str) -> Iterator[str]:
    """The data of each message; ends at any error, which for a browser is also the end of the body."""
    with Wire(server) as wire:
        wire.get(path_of(url), {"accept": "text/event-stream"})
        head = wire.until(b"\r\n\r\n").lower()
        if b" 200 " not in head.partition(b"\r\n")[0] or b"content-type: text/event-stream" not in head:
            return
        lines: list[str] = []
        while size := int(wire.until(b"\r\n"), 16):
            chunk = b""
            while len(chunk) < size + 2:
                chunk += wire.until(b"\n")
            for line in chunk[:-2].decode().split("\n")[:-1]:
                name, _, value = line.partition(":")
                if line == "" and lines:
                    yield "\n".join(lines)
                    lines = []
                elif name == "data":
                    lines.append(value.removeprefix(" "))
