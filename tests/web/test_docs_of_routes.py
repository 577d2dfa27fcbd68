"""What is told of a route is complete, and true."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from headgate.calls import Upload
from headgate.dialects import runs as runs_dialect
from headgate.dialects.docs import responses, sample
from headgate.dialects.docs import runs as runs_docs
from headgate.dialects.mercure.updates import read_update
from headgate.formats import (
    anthropic,
    betterforms,
    gemini,
    graphql,
    json_lines,
    messaging,
    offload,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_responses,
    openai_speech,
    openai_transcription,
    purai,
    stream_subscriptions,
    ui_messages,
)
from headgate.runs import Run
from headgate.store.base import Head
from headgate.web.doc import EVENT_STREAM, FORM, JSON, MULTIPART, Content
from headgate.web.links import LinkRequest
from headgate.web.routes import Route
from tests.web.json_schema import faults, resolve
from tests.web.site import Site

BODILESS = {
    "/v1/runs/{id}/stop",
    "/v1/ui/{chat}/stop",
    "/v1/responses/{id}/cancel",
    "/v1/runs/{id}/webhooks/{delivery}/redeliver",
    "/{node}/r/{access}/{when:path}/{file}/stop",
}
"""What is posted without a body."""

SOCKETS = {("GET", "/v1/responses"), ("GET", "/message/socket")}
"""What is asked with an upgrade."""

CREATED = ("/message/", "/stream/", "/llm/")
"""What is posted there is answered with 201, as services made with Feathers do."""

SUBSCRIPTION = "/v1/stream/__ds/subscriptions/{id}"

STREAMS = "/v1/stream/"
"""What is asked of streams may be answered by a status and headers alone."""

GEMINI = "/genai/{version}/{model:path}"

READERS: dict[str, Callable[[bytes], object]] = {
    "/v1/chat/completions": openai_chat.read,
    "/v1/completions": openai_completions.read,
    "/v1/embeddings": openai_embeddings.read,
    "/v1/responses": openai_responses.read,
    "/v1/audio/speech": openai_speech.read,
    "/v1/audio/transcriptions": lambda body: openai_transcription.read(
        {name: [str(value).lower()] for name, value in msgspec.json.decode(body).items() if name[-2:] != "[]"},
        Upload("", "recording.wav", "", 1),
    ),
    "/v1/ui": ui_messages.read,
    "/v1/runs/{id}/links": msgspec.json.Decoder(LinkRequest).decode,
    "/anthropic/v1/messages": anthropic.read,
    f"{GEMINI}:generateContent": lambda body: gemini.asked(body, "m", stream=False),
    f"{GEMINI}:streamGenerateContent": lambda body: gemini.asked(body, "m", stream=True),
    f"{GEMINI}:countTokens": lambda body: gemini.counted(body, "m"),
    f"{GEMINI}:embedContent": lambda body: gemini.read_embed(body, "m", single=True),
    f"{GEMINI}:batchEmbedContents": lambda body: gemini.read_embed(body, "m", single=False),
    "/anthropic/v1/messages/count_tokens": anthropic.read_count,
    "/openai/chat/completions": lambda body: purai.read(body, {}),
    "/third-party/chat/completions": lambda body: purai.read(body, {}),
    "/stream/create": betterforms.read,
    "/llm/query": betterforms.read,
    "/llm/query/stop": betterforms.stopped,
    "/message/sendmessage": msgspec.json.Decoder(messaging.SendRequest).decode,
    "/message/adduser": msgspec.json.Decoder(messaging.MembersRequest).decode,
    "/message/removeuser": msgspec.json.Decoder(messaging.MembersRequest).decode,
    "/message/channels": msgspec.json.Decoder(messaging.ChannelsRequest).decode,
    "/message/users": msgspec.json.Decoder(messaging.UsersRequest).decode,
    "/message/allusers": msgspec.json.Decoder(messaging.AllUsersRequest).decode,
    "/message/tokens": msgspec.json.Decoder(messaging.TokenRequest).decode,
    "/graphql": graphql.read,
    "/.well-known/mercure": lambda body: read_update(urlencode(msgspec.json.decode(body)).encode()),
    "/v1/stream-chatgpt": offload.read,
    "/v1/async-chatgpt": offload.read,
    "/v1/stream/{name:path}": json_lines.to_lines,
    SUBSCRIPTION: stream_subscriptions.subscription.decode,
    f"{SUBSCRIPTION}/streams": stream_subscriptions.streams.decode,
    f"{SUBSCRIPTION}/claim": stream_subscriptions.claim.decode,
    f"{SUBSCRIPTION}/ack": stream_subscriptions.ack.decode,
    f"{SUBSCRIPTION}/callback": stream_subscriptions.ack.decode,
    f"{SUBSCRIPTION}/release": stream_subscriptions.wake.decode,
}


def contents(route: Route) -> Iterator[Content]:
    """Every body of a route."""
    if route.doc.request is not None:
        yield route.doc.request
    for answer in route.doc.answers:
        yield from answer.contents


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation of the document, with its method and path."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.fixture(scope="module")
def document(site: Site) -> dict[str, Any]:
    """/openapi.json"""
    return dict(site.get("/openapi.json").json)


def test_the_document_lists_exactly_the_routes(site: Site, document: dict[str, Any]) -> None:
    declared = {f"{route.method} {route.path.replace(':path', '')}" for route in site.routes}
    assert {name for name, _ in operations(document)} == declared


def test_every_route_is_described(site: Site) -> None:
    for route in site.routes:
        doc = route.doc
        assert doc.summary
        assert doc.summary[-1] != "."
        assert doc.description[-1] == "."
        assert doc.tag.description[-1] == "."


def test_every_route_says_what_it_takes(site: Site) -> None:
    for route in site.routes:
        takes = route.method in ("POST", "PUT", "PATCH") and route.path not in BODILESS
        assert (route.doc.request is not None) == takes, route.path
        if route.doc.request is not None:
            assert route.doc.request.schema
            assert route.doc.request.examples
        told = {parameter.name for parameter in route.doc.parameters if parameter.place == "path"}
        assert told == set(re.findall(r"\{(\w+)", route.path))


def test_every_route_says_what_it_answers(site: Site) -> None:
    for route in site.routes:
        first = route.doc.answers[0]
        if route.path.startswith(STREAMS):
            assert first.status in (200, 201, 204)
            continue
        posted = 201 if route.method == "POST" and route.path.startswith(CREATED) else 200
        assert first.status == (101 if (route.method, route.path) in SOCKETS else posted)
        assert first.contents
        for content in contents(route):
            assert content.examples, route.path
            assert content.schema or content.kind not in (JSON, EVENT_STREAM), route.path


def test_every_route_with_a_key_says_how_it_refuses_without(site: Site, document: dict[str, Any]) -> None:
    for route in site.routes:
        statuses = {error.status for error in route.doc.errors}
        assert (401 in statuses) == route.needs_key, route.path
    schemes = document["components"]["securitySchemes"]
    for name, operation in operations(document):
        offered = {key for way in operation.get("security", []) for key in way}
        assert offered <= schemes.keys()
        assert ("401" in operation["responses"]) == bool(offered), name


def test_every_error_is_told_as_the_route_tells_it(site: Site) -> None:
    for route in site.routes:
        for error in route.doc.errors:
            assert route.doc.error is not None
            body = route.error(error)
            decoded = msgspec.json.decode(body, type=route.doc.error)
            assert msgspec.to_builtins(decoded) == msgspec.json.decode(body)


def test_examples_are_what_the_structs_say_and_the_structs_know_every_field(site: Site) -> None:
    for route in site.routes:
        for content in contents(route):
            for name, example in content.examples.items():
                for value in _values(content, example):
                    decoded = msgspec.convert(value, content.schema)
                    written = msgspec.json.decode(msgspec.json.encode(decoded))
                    assert _without_defaults(written, value) == value, (route.path, name)


def test_examples_fit_the_schemas_of_the_document(document: dict[str, Any]) -> None:
    checked = 0
    for name, operation in operations(document):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for kind, content in body.get("content", {}).items():
                schema = (
                    content["schema"] if kind in (JSON, FORM, MULTIPART) else content["schema"].get("x-event-data", {})
                )
                for example in content["examples"].values():
                    for value in _values(Content(kind=kind, schema=msgspec.Struct), example["value"]):
                        assert list(faults(value, schema, document)) == [], name
                        checked += 1
    assert checked > 50


def test_examples_of_requests_are_accepted(site: Site) -> None:
    for route in site.routes:
        if route.doc.request is not None:
            for example in route.doc.request.examples.values():
                READERS[route.path](msgspec.json.encode(example))


def test_every_reference_of_the_document_means_something(document: dict[str, Any]) -> None:
    found = 0
    for reference in _references(document):
        assert resolve(reference, document)
        found += 1
    assert found > 100


def test_names_in_the_document_are_unique_and_tell_nothing_of_our_modules(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for name in document["components"]["schemas"]:
        assert re.fullmatch(r"([a-z_]+\.)?[A-Z]\w+", name)


def test_nulls_of_examples_survive(document: dict[str, Any]) -> None:
    """The framework drops them from what it writes itself."""
    content = document["paths"]["/v1/chat/completions"]["post"]["responses"]["200"]["content"]
    assert content[JSON]["examples"]["plain"]["value"]["choices"][0]["logprobs"] is None


def test_both_forms_of_an_answer_are_told(document: dict[str, Any]) -> None:
    for path in ("/v1/chat/completions", "/v1/completions", "/v1/responses"):
        content = document["paths"][path]["post"]["responses"]["200"]["content"]
        assert [*content] == [JSON, EVENT_STREAM]


def test_the_request_told_is_the_request_read() -> None:
    """Its items are spelled out, and nothing else is changed."""
    told, read = responses.ResponsesRequest, openai_responses.ResponsesRequest
    assert set(told.__struct_fields__) == set(read.__struct_fields__)


def test_the_run_told_is_the_run_shown() -> None:
    head = Head(sample.RUN, "anybody", sample.CREATED, "openai.chat", "default", b"{}")
    run = Run.kept(head, list(sample.TALK), sample.CREATED + 2.0)
    assert runs_dialect.run_object(run) == runs_docs.RUN


def test_the_log_told_is_the_log_sent() -> None:
    frames = [runs_dialect.frame_of(number, event) for number, event in enumerate(sample.TALK)]
    assert b"".join(frames[2:]).decode() == runs_docs.FOLLOWED


@pytest.mark.parametrize("path", ["/", "/health"])
def test_the_service_answers_what_is_told(site: Site, path: str) -> None:
    route = next(route for route in site.routes if route.path == path)
    (example,) = route.doc.answers[0].contents[0].examples.values()
    answer = site.get(path).json
    assert {**answer, "timestamp": 0} == {**example, "timestamp": 0}


def _values(content: Content, example: Any) -> Iterator[Any]:
    """The JSON in an example: itself, or the data of its events."""
    if content.schema is None:
        return
    if content.kind in (JSON, FORM, MULTIPART):
        yield example
    elif content.kind == EVENT_STREAM:
        data = re.findall(r"^data: (.*)$", example, re.MULTILINE)
        yield from (msgspec.json.decode(value) for value in data if value != "[DONE]")


def _without_defaults(written: Any, said: Any) -> Any:
    """What was written, less what the example did not say and that is nothing but a default."""
    match written, said:
        case dict(), dict():
            kept = {key: value for key, value in written.items() if key in said or value is not None}
            return {key: _without_defaults(value, said.get(key)) for key, value in kept.items()}
        case list(), list():
            return [_without_defaults(one, other) for one, other in zip(written, said, strict=True)]
        case _:
            return written


def _references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in part.values():
                yield from _references(value)
        case list():
            for value in part:
                yield from _references(value)
        case _:
            pass
