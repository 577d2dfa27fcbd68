"""The golden files, judged by the SDKs for Node.js and by the AI SDK's providers: they hear what Python's do."""

from typing import Any

import pytest

from tests.node import node
from tests.pairs.rows import ROWS
from tests.pairs.said import Said
from tests.pairs.scenarios import CHOICES, FOLDER

pytestmark = pytest.mark.slow

AI = "ai-sdk"
LOST = "Failed to process successful response"
"""What the AI SDK says of a connection that is cut in the moment in which an error came."""


@pytest.fixture(scope="module")
def heard() -> list[dict[str, Any]]:
    """What each of them heard."""
    cuts = [name for name, row in ROWS.items() if row.face.cuts]
    listened: list[dict[str, Any]] = node("golden.mjs", folder=str(FOLDER), cuts=cuts)
    return listened


def test_they_hear_what_pythons_sdks_hear(heard: list[dict[str, Any]]) -> None:
    from tests.pairs.heard import everything

    in_python = {
        (each.golden.scenario, each.golden.row, each.golden.path.suffix[1:], each.column): each.said
        for each in everything()
    }
    judged = set()
    for each in heard:
        place = each["scenario"], each["row"], each["form"], each["column"]
        judged.add(place)
        sdk, said = each["sdk"], in_python[place]
        if sdk.startswith(AI) and each["scenario"] == CHOICES:
            continue  # It takes several answers for one.
        expected, got = _expected(said, sdk, each["row"], each["column"]), _comparable(each["said"], sdk)
        if sdk.startswith(AI) and ROWS[each["row"]].face.cuts and got["broke"] == LOST:
            got["broke"] = expected["broke"]
        assert got == expected, (sdk, *place)
    left_out = {place for place in in_python if place not in judged}
    assert {row for _, row, *_ in left_out} == {"completions", "gemini_array", "ui", "purai"}


def _expected(said: Said, sdk: str, row: str, column: str) -> dict[str, Any]:
    texts, ends, refusal = list(said.texts), list(said.ends), said.refusal
    thoughts, calls = said.thoughts, [[*call] for call in said.calls]
    if sdk.startswith(AI):
        if refusal:
            texts, ends, refusal = [refusal], ["filter"], ""
        ends = ["stop" if end == "sequence" else end for end in ends]
    if sdk == f"{AI} openai" and (row != "responses" or column == "openai_chat"):
        thoughts = ""  # It reads summaries only, and in Responses only.
    if sdk == f"{AI} google":
        calls = [["", *call[1:]] for call in calls]  # It gives them ids of its own.
    return {
        "texts": [text for text in texts if text],
        "thoughts": thoughts,
        "refusal": refusal,
        "calls": calls,
        "ends": ends,
        "used": list(said.used) if said.used else None,
        "broke": None if said.broke is None else said.broke.message,
    }


def _comparable(said: dict[str, Any], sdk: str) -> dict[str, Any]:
    made = {**said, "texts": [text for text in said["texts"] if text]}
    if sdk == f"{AI} google":
        made["calls"] = [["", *call[1:]] for call in said["calls"]]
    return made
