"""A part of the table of pairs through real processes: recorded upstreams, a server, the official SDKs as clients."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.e2e.upstream import Peer, Play, Upstream
from tests.pairs.columns import COLUMNS, Exchange
from tests.pairs.heard import said
from tests.pairs.judges import LIVE
from tests.pairs.playing import Server
from tests.pairs.said import Said
from tests.pairs.scenarios import Golden, recording
from tests.pairs.sections import apart
from tests.serving import serving

pytestmark = pytest.mark.slow

SCENARIOS = ("text", "reasoning", "tools", "refused_by_status", "breaks_by_error", "is_cut")

SECTIONS = {
    "openai_chat": 'kind = "openai"\nendpoints = ["chat"]\nbase_url = "{url}/v1"',
    "openai_responses": 'kind = "openai"\nendpoints = ["responses"]\nbase_url = "{url}/v1"',
    "anthropic": 'kind = "anthropic"\nbase_url = "{url}/v1"',
    "gemini": 'kind = "gemini"\nbase_url = "{url}/v1beta"',
    "bedrock": 'kind = "bedrock"\nbase_url = "{url}"',
}
"""How each provider is configured."""


class Pair(NamedTuple):
    """A provider behind a server."""

    column: str
    upstream: Upstream
    server: Server


@pytest.fixture(scope="module", params=list(COLUMNS))
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    section = SECTIONS[request.param]
    with Upstream(lambda peer: None) as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        config = f'[providers.up]\n{section.format(url=url)}\napi_key = "KEY"\nmodels = ["m"]\n'
        with serving(config) as server:
            yield Pair(request.param, upstream, Server(server.url))


def playing(answer: Exchange) -> Play:
    """Answer one request with a recording, in small pieces."""

    def play(peer: Peer) -> None:
        peer.request()
        fields = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        head = f"HTTP/1.1 {answer.status} Recorded\r\n{fields}connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        peer.send(head.encode())
        for start in range(0, len(answer.body), 61):
            peer.piece(answer.body[start : start + 61])
        peer.send(b"0\r\n\r\n")

    return play


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("row", LIVE)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_pair_says_what_its_golden_file_says(pair: Pair, scenario: str, row: str, streamed: bool) -> None:
    golden = Golden(scenario, row, streamed)
    section = apart(golden.path.read_bytes()).get(pair.column)
    if section is None:
        return  # Nobody can answer so.
    recorded = recording(scenario, pair.column, streamed=streamed or COLUMNS[pair.column].always_streams)
    assert recorded is not None
    pair.upstream.will(playing(recorded.exchange()))
    judge = LIVE[row][0 if streamed else 1]
    assert told(judge(pair.server)) == told(said(golden, section))


def told(said: Said) -> Said:
    """Without the ids that are made from the run's, and what the server counted itself where nobody did."""
    calls = (
        call if call.id.startswith(("call_7hGk", "toolu", "tooluse")) else call._replace(id="") for call in said.calls
    )
    return said._replace(calls=tuple(calls), used=None if said.broke else said.used)
