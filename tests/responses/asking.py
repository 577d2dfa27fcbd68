"""A client of responses, in bytes."""

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.watching import wait_until
from tests.e2e.wire import Answer, Wire, ask, script, without_comments
from tests.serving import Serving

PATH = "/v1/responses"
OVER = ("completed", "failed", "cancelled", "incomplete")


def body(**fields: Any) -> bytes:
    """A request; what is no field of one is for the simulator."""
    said = {
        name: fields.pop(name) for name in ("text", "gap_ms", "words", "first_ms", "steps", "fail") if name in fields
    }
    return json.dumps({"model": "simulator/demo", "input": "Hello", **fields, **script(**said)}).encode()


def make(server: Serving, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
    """Ask for one."""
    return ask(server, PATH, headers, "POST", body(**fields))


def begin(server: Serving, headers: Mapping[str, str] | None = None, **fields: Any) -> str:
    """One in the background; its id."""
    answer = make(server, headers, background=True, **fields)
    assert answer.status == 200, answer
    return str(answer.json()["id"])


def show(server: Serving, id: str, headers: Mapping[str, str] | None = None) -> Any:
    """The object as it stands."""
    answer = ask(server, f"{PATH}/{id}", headers)
    assert answer.status == 200, answer
    return answer.json()


def over(server: Serving, id: str) -> Any:
    """The object, once it is over."""
    return wait_until(lambda: (found := show(server, id))["status"] in OVER and found, f"the end of {id}")


def done(server: Serving, **fields: Any) -> Any:
    """One in the background, when it is over."""
    return over(server, begin(server, **{"gap_ms": 0, **fields}))


def replay(server: Serving, id: str, after: int | None = None) -> Answer:
    """The stream of one, after an event."""
    cursor = "" if after is None else f"&starting_after={after}"
    return ask(server, f"{PATH}/{id}?stream=true{cursor}")


def stream(server: Serving, id: str, after: int | None = None) -> bytes:
    """What a reader of that sees."""
    answer = replay(server, id, after)
    assert answer.status == 200, answer
    return without_comments(answer.body)


def events(stream: bytes) -> list[Any]:
    """The events of a stream, whose numbers are dense."""
    found = [json.loads(frame.partition(b"\ndata: ")[2]) for frame in stream.split(b"\n\n")[:-1]]
    first = found[0]["sequence_number"] if found else 0
    assert [event["sequence_number"] for event in found] == list(range(first, first + len(found)))
    return found


def after(stream: bytes, number: int) -> bytes:
    """A stream without its first events, up to and with that number."""
    return stream.split(b"\n\n", number + 1)[number + 1]


class Live:
    """A background stream that is being read."""

    def __init__(self, server: Serving, **fields: Any) -> None:
        self.wire = Wire(server)
        self.wire.post(body(background=True, stream=True, **fields), PATH)
        self.head = self.wire.until(b"\r\n\r\n")
        self.id = "resp_" + self.head.partition(b"headgate-run: run_")[2].partition(b"\r\n")[0].decode()

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()

    def until(self, mark: bytes) -> bytes:
        """Read to these bytes."""
        return self.wire.until(mark)
