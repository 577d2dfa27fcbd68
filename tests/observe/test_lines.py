"""Lines of the access log, and the file they go to."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from headgate.errors import HeadgateError
from headgate.observe.access import AccessLog, Line, _as_json, _as_text, short_path
from headgate.observe.files import LineFile
from tests.runs.fakes import run

LINE = Line(
    time=1_800_000_000.1234,
    method="POST",
    route="/v1/chat/completions",
    status=200,
    first_ms=12.5,
    ms=340.25,
    bytes=1234,
    client="10.0.0.1",
    key="alice",
    run="run_1",
    asked="default",
    provider="openai",
    model="gpt-x",
    attempts=2,
    input_tokens=12,
    output_tokens=34,
    estimated=False,
    cost=0.0125,
    end="finished",
)


def test_a_line_is_one_json_object_without_what_is_not_known() -> None:
    line = msgspec.structs.replace(LINE, cost=None, code=None)
    assert json.loads(_as_json(line)) == {
        "time": "2027-01-15T08:00:00.123Z",
        "method": "POST",
        "route": "/v1/chat/completions",
        "status": 200,
        "first_ms": 12.5,
        "ms": 340.25,
        "bytes": 1234,
        "client": "10.0.0.1",
        "key": "alice",
        "run": "run_1",
        "asked": "default",
        "provider": "openai",
        "model": "gpt-x",
        "attempts": 2,
        "input_tokens": 12,
        "output_tokens": 34,
        "estimated": False,
        "end": "finished",
    }


def test_a_line_for_a_person() -> None:
    assert _as_text(LINE).decode() == (
        "2027-01-15T08:00:00.123Z 10.0.0.1 alice POST /v1/chat/completions 200 340.25ms 1234B "
        "run_1 default -> openai/gpt-x 12+34tokens $0.0125 finished\n"
    )


@pytest.mark.parametrize("show", [_as_json, _as_text])
@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "žluť"])
def test_a_line_stays_one_line_whatever_a_client_calls_its_model(show: Callable[[Line], bytes], name: str) -> None:
    text = show(msgspec.structs.replace(LINE, asked=name))
    assert text.count(b"\n") == 1
    assert text.endswith(b"\n")
    assert b"\x1b" not in text


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/chat/completion", "/v1/chat/completion"),
        ("/v1/x/abcdefghijklmnopqrstuvwxyz", "/v1/x/abcdefgh..."),
        ("/" + "a/" * 1000, ("/" + "a/" * 1000)[:100]),
    ],
)
def test_a_path_that_is_none_of_ours_is_shortened(path: str, shown: str) -> None:
    assert short_path(path) == shown


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    file = LineFile(str(path))
    file.write(b"one\n")
    os.rename(path, tmp_path / "access.log.1")
    file.write(b"two\n")
    path.unlink()
    file.write(b"three\n")
    file.close()
    assert (tmp_path / "access.log.1").read_text() == "one\n"
    assert path.read_text() == "three\n"


def test_a_file_that_is_there_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text("before\n")
    file = LineFile(str(path))
    file.write(b"after\n")
    file.close()
    assert path.read_text() == "before\nafter\n"


def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    async def play() -> None:
        with pytest.raises(HeadgateError, match="cannot be written: No such file"):
            AccessLog(str(tmp_path / "no" / "such" / "folder.log"), "json")

    run(play())
