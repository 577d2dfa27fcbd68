"""Chat streams as providers really send them, cut at every size, and written again."""

import msgspec
import pytest

from headgate.errors import BadRequest, ProviderError
from headgate.events import AnyEvent, Finished, Started
from headgate.fold import fold
from headgate.formats import openai_chat
from headgate.formats.base import Origin

ORIGIN = Origin("run_1", "acme", "asked-model", 1_700_000_000)


def lines(*data: str, end: str = "\n\n") -> bytes:
    """SSE events with that data."""
    return "".join(f"data: {each}{end}" for each in data).encode()


def head(rest: str, model: str = "m", id: str = "chatcmpl-1") -> str:
    """A chunk with the usual frame."""
    return f'{{"id":"{id}","object":"chat.completion.chunk","created":1732000000,"model":"{model}",{rest}}}'


def piece(delta: str, reason: str = "null", more: str = "") -> str:
    """A chunk with one choice."""
    return head(f'"choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{reason}}}]{more}')


USAGE = '"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}'

# name: (bytes, text, reasoning, [(tool, input)], reason, total tokens)
STREAMS: dict[str, tuple[bytes, str, str, list[tuple[str, str]], str, int | None]] = {
    "openai": (
        lines(
            piece('{"role":"assistant","content":"","refusal":null}', more=',"service_tier":"default","usage":null'),
            piece('{"content":"Žluťoučký"}', more=',"service_tier":"default","usage":null,"obfuscation":"a1"'),
            piece('{"content":" 🐎"}', more=',"service_tier":"default","usage":null,"obfuscation":"b"'),
            piece("{}", '"stop"', ',"service_tier":"default","usage":null'),
            head(f'"choices":[],{USAGE}'),
            "[DONE]",
        ),
        "Žluťoučký 🐎", "", [], "stop", 11,
    ),
    "azure": (
        lines(
            '{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}',
            piece('{"role":"assistant","content":""}'),
            piece('{"content":"Hi"}'),
            piece("{}", '"stop"'),
            "[DONE]",
        ),
        "Hi", "", [], "stop", None,
    ),
    "groq": (
        lines(
            piece('{"role":"assistant","content":""}', more=',"x_groq":{"id":"req_1"}'),
            piece('{"content":"Hi"}'),
            piece("{}", '"stop"', ',"x_groq":{"id":"req_1","usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}'),  # noqa: E501 (as it came)
            "[DONE]",
        ),
        "Hi", "", [], "stop", 11,
    ),
    "deepseek": (
        lines(
            piece('{"role":"assistant","content":null,"reasoning_content":""}'),
            piece('{"content":null,"reasoning_content":"Think"}'),
            piece('{"content":"Hi","reasoning_content":null}'),
            piece('{"content":"","reasoning_content":null}', '"stop"', "," + USAGE),
            "[DONE]",
        ),
        "Hi", "Think", [], "stop", 11,
    ),
    "mistral_thinking": (
        lines(
            piece('{"role":"assistant","content":""}'),
            piece('{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]}]}'),
            piece('{"content":[{"type":"text","text":"Hi"}]}'),
            piece('{"content":""}', '"stop"', "," + USAGE),
            "[DONE]",
        ),
        "Hi", "Hm", [], "stop", 11,
    ),
    "mistral_tools": (
        lines(
            piece('{"role":"assistant","content":""}'),
            piece('{"content":"","tool_calls":[{"id":"a1","function":{"name":"get","arguments":"{\\"x\\": 1}"},"index":0}]}', '"tool_calls"', "," + USAGE),  # noqa: E501 (as it came)
            "[DONE]",
        ),
        "", "", [("get", '{"x": 1}')], "tool_calls", 11,
    ),
    "openrouter": (
        b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n"
        + lines(
            piece('{"role":"assistant","content":"","reasoning":"Hm"}', more=',"provider":"X"'),
            piece('{"role":"assistant","content":"Hi"}', more=',"provider":"X"'),
            piece('{"role":"assistant","content":""}', '"stop"', ',"provider":"X"'),
            piece('{"role":"assistant","content":""}', "null", "," + USAGE),
            "[DONE]",
        ),
        "Hi", "Hm", [], "stop", 11,
    ),
    "vllm_parallel_tools": (
        lines(
            piece('{"role":"assistant","content":""}'),
            piece('{"tool_calls":[{"id":"c1","type":"function","index":0,"function":{"name":"a"}}]}'),
            piece('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"x\\":"}}]}'),
            piece('{"tool_calls":[{"index":0,"function":{"arguments":" 1}"}}]}'),
            piece('{"tool_calls":[{"id":"c2","type":"function","index":1,"function":{"name":"b","arguments":"{}"}}]}'),
            piece("{}", '"tool_calls"'),
            "[DONE]",
        ),
        "", "", [("a", '{"x": 1}'), ("b", "{}")], "tool_calls", None,
    ),
    "llamacpp": (
        lines(
            head('"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}]'),
            head('"choices":[{"finish_reason":null,"index":0,"delta":{"content":"Hi"}}]'),
            head(f'"choices":[{{"finish_reason":"stop","index":0,"delta":{{}}}}],{USAGE},"timings":{{"prompt_n":1}}'),
            "[DONE]",
        ),
        "Hi", "", [], "stop", 11,
    ),
    "ollama": (
        lines(
            head('"system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"},"finish_reason":null}]'),
            head('"system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]'),
            "[DONE]",
        ),
        "Hi", "", [], "stop", None,
    ),
    "perplexity": (
        lines(
            piece('{"role":"assistant","content":"Hi"}', "null", ',"citations":["https://a.example"],' + USAGE),
            piece('{"role":"assistant","content":"!"}', '"stop"', ',"citations":["https://a.example"],' + USAGE),
            end="\r\n\r\n",
        ),
        "Hi!", "", [], "stop", 11,
    ),
}  # fmt: skip


def read(data: bytes, size: int) -> list[AnyEvent]:
    """The events of a stream in pieces of that size."""
    reader, events = openai_chat.Reader(ORIGIN), list[AnyEvent]()
    for start in range(0, len(data), size):
        events += reader.feed(data[start : start + size])
    return events if reader.is_over else [*events, *reader.close()]


@pytest.mark.parametrize("name", STREAMS)
def test_a_providers_stream_is_understood(name: str) -> None:
    """Its words, thoughts, calls, reason and usage; exactly one end, last."""
    data, text, reasoning, calls, reason, total = STREAMS[name]
    events = read(data, len(data))
    answer = fold(events)
    choice = answer.choice(0)
    assert (choice.text, choice.reasoning) == (text, reasoning)
    assert [(call.name, call.input) for call in choice.calls] == calls
    assert choice.reason == reason
    assert (answer.usage.total if answer.usage else None) == total
    assert isinstance(events[0], Started)
    assert [type(event) for event in events].count(Finished) == 1
    assert isinstance(events[-1], Finished)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("name", STREAMS)
def test_it_does_not_matter_where_a_stream_is_cut(name: str, size: int) -> None:
    """The same events in the same order."""
    data = STREAMS[name][0]
    assert read(data, size) == read(data, len(data))


@pytest.mark.parametrize("usage", [True, False])
@pytest.mark.parametrize("name", STREAMS)
def test_what_is_written_reads_the_same(name: str, usage: bool) -> None:
    """Through our writer and our reader once more: nothing lost, nothing doubled, every chunk in one shape."""
    options = b',"stream_options":{"include_usage":true}' if usage else b""
    call = openai_chat.read(b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":true%b}' % options)
    events = read(STREAMS[name][0], 10_000)
    writer = openai_chat.Writer(call, "run_1", 1)
    written = b"".join(writer.write(event) for event in events)
    again, first = fold(read(written, 5)), fold(events)
    for before, after in ((first.choice(0), again.choice(0)),):
        assert (before.text, before.reasoning, before.reason) == (after.text, after.reasoning, after.reason)
        assert [(c.id, c.name, c.input) for c in before.calls] == [(c.id, c.name, c.input) for c in after.calls]
    chunks = [msgspec.json.decode(line[6:]) for line in written.split(b"\n\n") if line and line != b"data: [DONE]"]
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert all(chunk["choices"] for chunk in chunks[: len(chunks) - usage * (first.usage is not None)])
    assert written.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_is_cut_short_is_broken(name: str) -> None:
    """Before its finish reason came: an error, whatever it said until then, and nothing that was said is lost."""
    data = STREAMS[name][0]
    short = data[: data.index(b'"finish_reason":"') if b'"finish_reason":"' in data else len(data) // 2]
    short = short[: short.rindex(b"\n") + 1]
    reader = openai_chat.Reader(ORIGIN)
    reader.feed(short)
    with pytest.raises(ProviderError):
        reader.close()


BAD_REQUESTS = {
    "no json": (b"{", None),
    "no object": (b"[]", None),
    "no model": (b'{"messages":[{"role":"user","content":"x"}]}', "model"),
    "model": (b'{"model":5,"messages":[{"role":"user","content":"x"}]}', "model"),
    "no messages": (b'{"model":"m"}', "messages"),
    "empty messages": (b'{"model":"m","messages":[]}', "messages"),
    "role": (b'{"model":"m","messages":[{"role":"robot","content":"x"}]}', "messages[0].role"),
    "no content": (b'{"model":"m","messages":[{"role":"user"}]}', "messages[0].content"),
    "content": (b'{"model":"m","messages":[{"role":"user","content":5}]}', "messages[0].content"),
    "part": (b'{"model":"m","messages":[{"role":"user","content":[{"type":"text"}]}]}', "messages[0].content[0].text"),
    "tool without id": (b'{"model":"m","messages":[{"role":"tool","content":"x"}]}', "messages[0].tool_call_id"),
    "temperature": (b'{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":9}', "temperature"),
    "n": (b'{"model":"m","messages":[{"role":"user","content":"x"}],"n":0}', "n"),
    "stream": (b'{"model":"m","messages":[{"role":"user","content":"x"}],"stream":"yes"}', "stream"),
    "tools": (b'{"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}', "tools[0].function"),  # noqa: E501 (as it came)
}  # fmt: skip


@pytest.mark.parametrize(("body", "param"), BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_a_bad_field_is_named(body: bytes, param: str | None) -> None:
    """In the error, as a path into the request."""
    with pytest.raises(BadRequest) as caught:
        openai_chat.read(body)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_fields_we_do_not_know_go_on_as_they_came() -> None:
    """Byte for byte, under another model's name, with usage asked for."""
    body = b'{"model":"a/m","messages":[{"role":"user","content":"x"}],"stream":true,"top_k":5,"x":{"y":[1.50]}}'
    sent = openai_chat.forward(openai_chat.read(body), "m", stream_usage=True)
    assert b'"top_k":5' in sent
    assert b'"x":{"y":[1.50]}' in sent
    assert msgspec.json.decode(sent)["model"] == "m"
    assert msgspec.json.decode(sent)["stream_options"] == {"include_usage": True}
