"""What of a request reaches each provider, as a table: looked up in the golden files."""

import re
from typing import NamedTuple

import msgspec

from tests.pairs.asking import REQUESTS, Request
from tests.pairs.columns import COLUMNS
from tests.pairs.rows import ROWS
from tests.pairs.sections import apart


class Fact(NamedTuple):
    """Something that is asked."""

    scenario: str
    sign: str
    """A pattern, by which it is found in what any provider is sent."""
    in_request: str = ""
    """The same for a client's request, where not every one of the scenario asks it."""


FACTS: dict[str, Fact] = {
    "How long, how freely": Fact("plain", r"\b200\b.*\b0\.3\b"),
    "`top_p` beside a temperature": Fact("plain", r"\b0\.9\b"),
    "Who asks": Fact("plain", r'"somebody"'),
    "Instructions, earlier turns": Fact("system", r"(?=.*You know the sea\.)(?=.*Ahoy!)"),
    "A picture": Fact("image", r"iVBORw0KGgo"),
    "A picture by its URL": Fact("image_by_url", r"harbour\.jpg"),
    "A document": Fact("document", r"JVBERi0xLjQ"),
    "Tools": Fact("tools", r"(?=.*get_tide)(?=.*The next high tide\.)(?=.*harbour)"),
    "A tool that must be called": Fact("tools", r'"tool_choice"|"allowedFunctionNames"|"toolChoice"'),
    "One call at a time": Fact("tools", r'"parallel_tool_calls":false|"disable_parallel_tool_use":true'),
    "Results of tools": Fact("tool_results", r"06:12"),
    "That a tool failed": Fact(
        "tool_results", r'"is_error":true|"error":"The clock|"status":"error"', r'"is_error":true|"error":"The clock'
    ),
    "A schema for the answer": Fact("json_schema", r'"metres\b|\\"metres\\"'),
    "JSON without a schema": Fact("json_object", r"json_object|application/json"),
    "Several answers": Fact("choices", r'"n":2|"candidateCount":2'),
    "Stop sequences": Fact("stop", r'"END"'),
    "How hard to think": Fact("reasoning", r'"reasoning_effort"|"effort"|"budget_tokens"|"thinkingLevel"'),
    "Earlier thoughts, signed": Fact("thoughts", r"EqQBCkYIBxgCKkA|gAAAAABo8m0x|CiQBVx8="),
    "A seed": Fact("seed", r'"seed":7'),
    "Penalties": Fact("penalties", r"\b0\.25\b"),
    "Log probabilities": Fact("logprobs", r"(?i)top_?logprobs|responseLogprobs"),
}


def outcome(fact: Fact, section: bytes) -> str:
    """Whether a provider is asked that: yes, no, or refused."""
    if section.startswith(b"HTTP"):
        return "refused"
    body = msgspec.json.format(section.partition(b"\n\n")[2], indent=-1).decode()
    return "yes" if re.search(fact.sign, body) else "no"


def asks(fact: Fact, request: Request) -> bool:
    """Whether that client asks it."""
    body = msgspec.json.format(request.path.read_bytes(), indent=-1).decode()
    return request.scenario == fact.scenario and re.search(fact.in_request or fact.sign, body) is not None


def cell(fact: Fact, column: str) -> str:
    """What becomes of it on the way to one provider."""
    outcomes = {
        request.row: outcome(fact, apart(request.golden.read_bytes())[column])
        for request in REQUESTS
        if asks(fact, request)
    }
    kinds = set(outcomes.values())
    assert kinds, f"nobody asks {fact}"
    if len(kinds) == 1:
        return kinds.pop()
    assert kinds == {"yes", "no"}, (fact, column, outcomes)
    return "from " + ", ".join(ROWS[row].title for row, found in outcomes.items() if found == "yes")


def table() -> str:
    """The whole of it, as the documentation has it."""
    titles = [column.title for column in COLUMNS.values()]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, fact in FACTS.items():
        lines.append(f"| {name} | " + " | ".join(cell(fact, column) for column in COLUMNS) + " |")
    return "\n".join(lines) + "\n"
