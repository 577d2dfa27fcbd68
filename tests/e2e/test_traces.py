"""Traces of a real server, as a collector gets them, and as upstreams are told of them."""

import json
import queue
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typing_extensions import override

from tests.e2e.upstream import STREAM_HEAD, Peer, Upstream, telling
from tests.e2e.wire import HELLO, PATIENCE, Answer, Wire, ask, chat, events_of
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

ID, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = {"traceparent": f"00-{ID}-{SPAN}-01", "tracestate": "vendor=1"}
CLIENT, SERVER, INTERNAL = Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL


class Seen(NamedTuple):
    """A span, for a test to look at."""

    span: Span
    attributes: dict[str, Any]

    @property
    def ids(self) -> tuple[str, str, str]:
        return self.span.trace_id.hex(), self.span.span_id.hex(), self.span.parent_span_id.hex()


class Collector:
    """Takes traces by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: queue.SimpleQueue[Seen] = queue.SimpleQueue()
        self.resources: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def run(self, count: int) -> list[Seen]:
        """The next spans, the run's own first."""
        found = [self.spans.get(timeout=PATIENCE) for _ in range(count)]
        assert self.spans.empty()
        assert {seen.span.kind for seen in found[:1]} == {SERVER}
        assert {seen.span.kind for seen in found[1:]} <= {CLIENT, INTERNAL}
        return found

    def __enter__(self) -> "Collector":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                request = ExportTraceServiceRequest()
                request.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
                collector.take(request, dict(self.headers))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            @override
            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def take(self, request: ExportTraceServiceRequest, headers: dict[str, str]) -> None:
        """Note what came."""
        self.headers.append({name.lower(): value for name, value in headers.items()})
        for resource in request.resource_spans:
            self.resources.append(values(resource.resource.attributes))
            for scope in resource.scope_spans:
                for span in scope.spans:
                    self.spans.put(Seen(span, values(span.attributes)))


def values(attributes: Any) -> dict[str, Any]:
    found = {}
    for each in attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        found[each.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream(telling("One", " two")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(upstream: Upstream, collector: Collector) -> Iterator[Serving]:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    sections = [
        upstream.config(),
        f'[providers.dead]\nkind = "openai"\nbase_url = "http://127.0.0.1:{dead}/v1"\nmodels = ["m"]\n',
        "[providers.simulator]\n",
        f'[otel]\nendpoint = "{collector.url}"\n',
    ]
    env = {"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test", "OTEL_EXPORTER_OTLP_HEADERS": "x-team=blue"}
    with serving("\n".join(sections), env) as server:
        yield server


def post(server: Serving, *, stream: bool = True, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    body = json.dumps({"messages": HELLO, "stream": stream, **fields}).encode()
    return ask(server, "/v1/chat/completions", headers, "POST", body)


def test_a_run_and_its_try_are_spans_of_the_clients_trace(
    server: Serving, upstream: Upstream, collector: Collector
) -> None:
    upstream.will(telling("One", " two"))
    answer = post(server, model="up/m", headers=PARENT)
    run, tried = collector.run(2)
    assert run.ids[::2] == (ID, SPAN)
    assert tried.ids[::2] == (ID, run.ids[1])
    assert run.span.trace_state == "vendor=1"
    assert run.span.name == "chat up/m"
    assert run.attributes["headgate.run"] == answer.headers["headgate-run"]
    assert run.attributes["gen_ai.response.time_to_first_chunk"] >= 0
    assert run.attributes["headgate.provider"] == "up"
    assert run.span.status.code == 0
    assert tried.span.name == "chat m"
    tried.attributes.pop("headgate.cost_usd", None)
    assert tried.attributes.pop("gen_ai.usage.input_tokens") > 0
    assert tried.attributes.pop("gen_ai.usage.output_tokens") > 0
    assert tried.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m",
        "gen_ai.response.model": "up",
        "gen_ai.response.id": "chatcmpl-up",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "headgate.usage.estimated": True,
        "headgate.provider": "up",
        "server.address": "127.0.0.1",
        "server.port": upstream.port,
    }
    assert run.span.start_time_unix_nano <= tried.span.start_time_unix_nano
    assert tried.span.start_time_unix_nano <= tried.span.end_time_unix_nano


def test_the_upstream_is_told_of_the_try(server: Serving, upstream: Upstream, collector: Collector) -> None:
    upstream.will(telling("One"))
    post(server, model="up/m", headers=PARENT)
    told = upstream.result().headers
    _, tried = collector.run(2)
    assert told["traceparent"] == f"00-{ID}-{tried.ids[1]}-01"
    assert told["tracestate"] == "vendor=1"


def test_who_sends_and_where_from_is_as_the_variables_say(server: Serving, collector: Collector) -> None:
    ask(server, "/v1/chat/completions", None, "POST", chat(text="One."))
    collector.run(2)
    resource = collector.resources[-1]
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("headgate", "test")
    assert collector.headers[-1]["x-team"] == "blue"


def test_a_try_that_failed_is_an_error_beside_the_one_that_answered(
    server: Serving, upstream: Upstream, collector: Collector
) -> None:
    upstream.will(telling("One"))
    post(server, model="dead/m", fallbacks=["up/m"])
    run, failed, tried = collector.run(3)
    assert run.span.status.code == 0
    assert run.attributes["headgate.attempts"] == 2
    assert (failed.span.status.code, failed.attributes["headgate.provider"]) == (2, "dead")
    assert failed.attributes["error.type"].startswith("upstream_")
    assert failed.attributes["http.response.status_code"] == 502
    assert not [name for name in failed.attributes if "usage" in name]
    assert tried.attributes["headgate.reason"] == "failover"
    assert tried.attributes["gen_ai.usage.output_tokens"] > 0


def test_a_run_that_failed_is_an_error(server: Serving, collector: Collector) -> None:
    post(server, model="dead/m")
    run, tried = collector.run(2)
    assert run.span.status.code == tried.span.status.code == 2
    assert run.attributes["error.type"] == tried.attributes["error.type"]


def test_a_client_that_left_is_none(server: Serving, upstream: Upstream, collector: Collector) -> None:
    def some_words(peer: Peer) -> float:
        peer.request()
        peer.send(STREAM_HEAD)
        peer.say("one", " two")
        return peer.left_at()

    upstream.will(some_words)
    with Wire(server) as wire:
        wire.post(json.dumps({"model": "up/m", "messages": HELLO, "stream": True}).encode())
        wire.until(b" two")
    run, tried = collector.run(2)
    assert (run.span.status.code, run.attributes["headgate.stopped_by"]) == (0, "disconnect")
    assert tried.attributes["error.type"] == "given_up"


def test_what_the_client_does_not_record_is_not_sent(server: Serving, upstream: Upstream, collector: Collector) -> None:
    upstream.will(telling("One"))
    post(server, model="up/m", headers={"traceparent": f"00-{ID}-{SPAN}-00"})
    assert upstream.result().headers["traceparent"].endswith("-00")
    upstream.will(telling("One"))
    answer = post(server, model="up/m")
    run, _ = collector.run(2)
    assert run.attributes["headgate.run"] == answer.headers["headgate-run"]
    assert run.ids[0] != ID


def test_words_are_not_recorded_unless_a_setting_says_so(server: Serving, collector: Collector) -> None:
    body = chat(text="Nobody may read this.")
    ask(server, "/v1/chat/completions", None, "POST", body)
    assert not [seen for seen in collector.run(2) if "messages" in str(seen.attributes)]
    with serving(f'[otel]\nendpoint = "{collector.url}"\ncontents = true\nsample = 1\n') as telling_all:
        ask(telling_all, "/v1/chat/completions", None, "POST", body)
        telling_all.stop()
    run, _ = collector.run(2)
    assert json.loads(run.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "Hello"}]}
    ]
    assert json.loads(run.attributes["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Nobody may read this."}],
            "finish_reason": "stop",
        }
    ]


def test_without_a_collector_that_takes_them_answers_are_the_same() -> None:
    """It is told once, and the server ends when it is told to."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with serving(f'[otel]\nendpoint = "http://127.0.0.1:{port}"\n') as server:
        for _ in range(3):
            assert ask(server, "/v1/chat/completions", None, "POST", chat(text="One.")).status == 200
        assert server.stop() == 0
        assert server.log().count("traces") <= 2


def test_the_packages_are_not_loaded_where_nobody_wants_traces() -> None:
    tell = "print('sdk:', 'opentelemetry.sdk' in sys.modules, file=sys.stderr)"
    with serving(before=f"import atexit, sys\natexit.register(lambda: {tell})") as server:
        ask(server, "/v1/chat/completions", None, "POST", chat(text="One."))
        server.stop()
        assert "sdk: False" in server.log()


def test_what_was_executed_is_a_span_between_two_tries(server: Serving, collector: Collector) -> None:
    said = [{"role": "user", "content": "what is left?"}]
    answer = post(server, model="simulator/demo", functions=["list_todos"], messages=said)
    run, asked, told, executed = collector.run(4)
    assert {seen.ids[::2] for seen in (asked, told, executed)} == {(run.ids[0], run.ids[1])}
    assert (executed.span.name, executed.span.kind) == ("execute_tool list_todos", INTERNAL)
    assert executed.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "list_todos",
        "gen_ai.tool.call.id": next(
            event["id"] for event in events_of(server, answer.headers["headgate-run"]) if event["type"] == "called"
        ),
        "gen_ai.tool.type": "function",
    }
    assert ("headgate.reason" in asked.attributes, told.attributes["headgate.reason"]) == (False, "functions")
    # Only one of them has the usage, which is that of both.
    assert [seen.attributes.get("gen_ai.usage.input_tokens", 0) > 0 for seen in (asked, told)] == [False, True]
    assert asked.span.end_time_unix_nano <= executed.span.end_time_unix_nano <= told.span.end_time_unix_nano
