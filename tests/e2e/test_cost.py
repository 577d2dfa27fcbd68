"""
Usage and cost, from upstreams that tell their usage in all the ways there are to clients of every format.

One server for all of it; its upstream does what the test says. A token in costs ten millionths of a dollar, one out
twenty.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.upstream import STREAM_HEAD, Peer, Play, Upstream
from tests.e2e.watching import get, recent, run_of, wait_for_status
from tests.e2e.wire import Wire, frames
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

PRICES = '[prices."up/*"]\ninput = 10\noutput = 20\ncached = 1\n[prices."up/dear"]\ninput = 1000\noutput = 1000\n'
HELLO = [{"role": "user", "content": "Hello there!"}]
SAID = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
COST = 0.00017
A_FEW = (3, 4)
"""What an estimate makes of two words and a full stop."""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(lambda peer: None) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(upstream: Upstream) -> Iterator[Serving]:
    with serving(upstream.config() + PRICES) as server:
        yield server


def chunk(delta: dict[str, Any], reason: str | None = None, index: int = 0, **more: Any) -> bytes:
    """One of a stream."""
    choice = {"index": index, "delta": delta, "finish_reason": reason}
    said = {"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"}
    return f"data: {json.dumps({**said, 'choices': [choice], **more})}\n\n".encode()


def usage_alone(usage: dict[str, Any]) -> bytes:
    """OpenAI's last chunk."""
    return f"data: {json.dumps({'id': 'chatcmpl-up', 'model': 'm', 'choices': [], 'usage': usage})}\n\n".encode()


def streaming(*chunks: bytes, ends: bool = True) -> Play:
    """Answer with these; or fall silent after them."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        for each in chunks:
            peer.piece(each)
        peer.ready.set()
        if ends:
            peer.done()
        else:
            peer.left_at()

    return play


def in_one_piece(**body: Any) -> Play:
    """Answer with one object."""
    message = {"role": "assistant", "content": "Good morning."}
    whole = {"id": "chatcmpl-up", "object": "chat.completion", "created": 1_700_000_000, "model": "m"}
    said = json.dumps(
        {**whole, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **body}
    ).encode()

    def play(peer: Peer) -> None:
        peer.request()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        peer.send(head % len(said) + said)

    return play


def ask(server: Serving, body: dict[str, Any], path: str = "/v1/chat/completions") -> tuple[str, bytes]:
    """The run, and all that was answered."""
    with Wire(server) as wire:
        wire.post(json.dumps(body).encode(), path)
        answer = wire.answer()
        assert answer.status == 200, answer.body
        return answer.headers["headgate-run"], answer.body


def chat(**more: Any) -> dict[str, Any]:
    """A chat request."""
    return {"model": "up/m", "messages": HELLO, "stream": True, **more}


def last_usage(body: bytes) -> dict[str, Any]:
    """The one of a chat stream, which stands in one chunk only."""
    chunks = [json.loads(frame.data) for frame in frames(body) if frame.data != "[DONE]"]
    (usage,) = (chunk["usage"] for chunk in chunks if chunk.get("usage"))
    return dict(usage)


def check_record(server: Serving, run: str, usage: dict[str, Any], *, estimated: bool) -> None:
    """Its record, the list and its log say the same."""
    shown = get(server, f"/v1/runs/{run}")["usage"]
    assert (shown["input_tokens"], shown["output_tokens"]) == (usage["prompt_tokens"], usage["completion_tokens"])
    assert shown["cost"] == usage["cost"]
    assert shown["estimated"] is estimated
    listed = next(each for each in recent(server) if each["id"] == run)["usage"]
    assert listed.items() <= shown.items()
    with Wire(server) as wire:
        wire.get(f"/v1/runs/{run}/events")
        told = [frame.event for frame in frames(wire.answer().body)]
    assert told.count("usage") == 1
    assert told[-2] == "usage"


WORDS = (chunk({"role": "assistant", "content": "Good"}), chunk({"content": " morning."}))
END = chunk({}, "stop")

TOLD: dict[str, Sequence[bytes]] = {
    "at the end": (*WORDS, END, usage_alone(SAID)),
    "with the end": (*WORDS, chunk({}, "stop", usage=SAID)),
    "twice": (*WORDS, chunk({}, "stop", usage={**SAID, "completion_tokens": 1}), usage_alone(SAID)),
    "with every chunk": (
        chunk({"content": "Good"}, usage={**SAID, "completion_tokens": 1}),
        chunk({"content": " morning."}, usage={**SAID, "completion_tokens": 3}),
        chunk({}, "stop", usage=SAID),
    ),
}


@pytest.mark.parametrize("chunks", TOLD.values(), ids=TOLD.keys())
def test_what_an_upstream_says_is_priced_once(server: Serving, upstream: Upstream, chunks: Sequence[bytes]) -> None:
    upstream.will(streaming(*chunks))
    run, body = ask(server, chat(stream_options={"include_usage": True}))
    usage = last_usage(body)
    assert usage == {**SAID, "cost": COST}
    check_record(server, run, usage, estimated=False)


UNTOLD: dict[str, Sequence[bytes]] = {
    "one choice": (*WORDS, END),
    "several": (*WORDS, chunk({"content": "Good night."}, index=1), END, chunk({}, "stop", index=1)),
    "a call": (
        chunk({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"city":"Brno"}'}}]}),
        chunk({}, "tool_calls"),
    ),
    "half of it": (*WORDS, END, usage_alone({"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 9})),
    "much": (chunk({"content": "Good morning. " * 2000}), END),
}


@pytest.mark.parametrize("chunks", UNTOLD.values(), ids=UNTOLD.keys())
def test_what_an_upstream_does_not_say_is_estimated(
    server: Serving, upstream: Upstream, chunks: Sequence[bytes]
) -> None:
    upstream.will(streaming(*chunks))
    choices = 2 if b'"index": 1' in b"".join(chunks) else 1
    run, body = ask(server, chat(n=choices))
    usage = last_usage(body)
    assert usage["estimated"] is True
    assert 5 <= usage["prompt_tokens"] <= 15
    assert usage["completion_tokens"] >= 3
    assert usage["cost"] == pytest.approx((10 * usage["prompt_tokens"] + 20 * usage["completion_tokens"]) / 1e6)
    check_record(server, run, usage, estimated=True)


def test_an_answer_in_one_piece_says_it_too(server: Serving, upstream: Upstream) -> None:
    upstream.will(in_one_piece(usage=SAID))
    run, body = ask(server, chat(stream=False))
    assert json.loads(body)["usage"].items() >= {**SAID, "cost": COST}.items()
    upstream.will(in_one_piece())
    run, body = ask(server, chat(stream=False))
    assert json.loads(body)["usage"]["estimated"] is True
    check_record(server, run, json.loads(body)["usage"], estimated=True)


def test_what_a_provider_charges_itself_counts(server: Serving, upstream: Upstream) -> None:
    own = {**SAID, "cost": 0.5, "cost_details": {"upstream_inference_cost": None}}
    upstream.will(streaming(*WORDS, END, usage_alone(own)))
    run, body = ask(server, chat())
    assert last_usage(body)["cost"] == 0.5
    assert get(server, f"/v1/runs/{run}")["usage"]["cost"] == 0.5


def test_the_longest_name_has_the_price(server: Serving, upstream: Upstream) -> None:
    upstream.will(streaming(*(each.replace(b'"m"', b'"dear"') for each in WORDS), END, usage_alone(SAID)))
    _, body = ask(server, chat(model="up/dear"))
    assert last_usage(body)["cost"] == 0.013


def test_every_dialect_says_what_it_cost(server: Serving, upstream: Upstream) -> None:
    """Streamed and whole, in the last usage of its own shape."""
    upstream.will(streaming(*WORDS, END, usage_alone(SAID)))
    messages = {"model": "up/m", "messages": HELLO, "max_tokens": 100, "stream": True}
    told = [json.loads(frame.data) for frame in frames(ask(server, messages, "/anthropic/v1/messages")[1])]
    assert told[-2]["usage"]["cost"] == COST
    response = {"model": "up/m", "input": "Hello there!", "stream": True}
    told = [json.loads(frame.data) for frame in frames(ask(server, response, "/v1/responses")[1])]
    assert told[-1]["response"]["usage"]["cost"] == COST
    contents = {"contents": [{"role": "user", "parts": [{"text": "Hello there!"}]}]}
    path = "/genai/v1beta/models/up/m:streamGenerateContent?alt=sse"
    told = [json.loads(frame.data) for frame in frames(ask(server, contents, path)[1])]
    assert told[-1]["usageMetadata"]["cost"] == COST
    words = {"model": "up/m", "prompt": "Hello there!", "stream": True}
    upstream.will(streaming(*WORDS, END, usage_alone(SAID)))
    assert last_usage(ask(server, words, "/v1/completions")[1])["cost"] == COST
    upstream.will(in_one_piece(usage=SAID))
    assert json.loads(ask(server, {**messages, "stream": False}, "/anthropic/v1/messages")[1])["usage"]["cost"] == COST
    assert json.loads(ask(server, {**response, "stream": False}, "/v1/responses")[1])["usage"]["cost"] == COST
    path = "/genai/v1beta/models/up/m:generateContent"
    assert json.loads(ask(server, contents, path)[1])["usageMetadata"]["cost"] == COST


def left_in_the_middle(server: Serving, upstream: Upstream, *chunks: bytes) -> dict[str, Any]:
    """The record of a run whose client went away after these."""
    upstream.will(streaming(*chunks, ends=False))
    with Wire(server) as wire:
        wire.post(json.dumps(chat()).encode())
        got = wire.until(b"morning.")
        run = run_of(got)
    return dict(wait_for_status(server, run, "stopped")["usage"])


def test_an_abort_is_paid_as_far_as_it_came(server: Serving, upstream: Upstream) -> None:
    usage = left_in_the_middle(server, upstream, *WORDS)
    assert usage["estimated"] is True
    assert usage["output_tokens"] in A_FEW
    assert usage["cost"] == pytest.approx((10 * usage["input_tokens"] + 20 * usage["output_tokens"]) / 1e6)


def test_what_was_said_before_an_abort_counts(server: Serving, upstream: Upstream) -> None:
    early = {**SAID, "prompt_tokens": 900, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 100}}
    usage = left_in_the_middle(server, upstream, WORDS[0], chunk({"content": " morning."}, usage=early))
    assert (usage["input_tokens"], usage["cached_tokens"]) == (900, 100)
    assert usage["output_tokens"] in A_FEW
    assert usage["cost"] == pytest.approx((10 * 800 + 100 + 20 * usage["output_tokens"]) / 1e6)


def test_a_stream_that_breaks_is_paid_as_far_as_it_came(server: Serving, upstream: Upstream) -> None:
    def play(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD)
        for each in WORDS:
            peer.piece(each)
        peer.reset()

    upstream.will(play)
    with Wire(server) as wire:
        wire.post(json.dumps(chat()).encode())
        record = wait_for_status(server, run_of(wire.until(b"morning.")), "failed")
    assert record["usage"]["estimated"] is True
    assert record["usage"]["output_tokens"] in A_FEW


def test_where_nothing_was_said_nothing_is_listed(server: Serving, upstream: Upstream) -> None:
    """Rather than 0."""

    def play(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 429 Too Many\r\ncontent-length: 2\r\n\r\n{}")

    upstream.will(play)
    with Wire(server) as wire:
        wire.post(json.dumps(chat()).encode())
        assert wire.answer().status == 429
    newest = recent(server)[0]
    assert (newest["status"], newest["usage"]) == ("failed", None)


def test_after_a_kill_the_next_server_counts_what_was_kept(upstream: Upstream, tmp_path: Path) -> None:
    upstream.will(streaming(*WORDS, ends=False))
    with serving(upstream.config() + PRICES, folder=tmp_path) as server:
        with Wire(server) as wire:
            wire.post(json.dumps(chat()).encode(), headers={"headgate-disconnect": "keep"})
            run = run_of(wire.until(b"morning."))
        server.kill()
    with serving(upstream.config() + PRICES, folder=tmp_path) as server:
        record = wait_for_status(server, run, "failed")
        assert record["error"]["code"] == "producer_lost"
        assert record["usage"]["output_tokens"] in A_FEW
        assert record["usage"]["estimated"] is True
        (listed,) = recent(server)
        assert listed["usage"]["cost"] == record["usage"]["cost"] > 0
