"""
Spans of a run, as OpenTelemetry's conventions for generative AI have them, and their way to a collector.

    chat MODEL            SERVER: the run, from its beginning to its end; a child of the client's span
      chat MODEL          CLIENT: one try at a provider, with its usage if it gave the answer
      execute_tool NAME   INTERNAL: one call of a function that the server executed

Only this module knows OpenTelemetry's packages; it is loaded where traces are wanted, and nowhere else.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.span import TraceState
from opentelemetry.trace.status import Status, StatusCode

from headgate import __version__
from headgate.observe.contents import contents_of
from headgate.observe.traces import Traced
from headgate.runs.executions import Execution
from headgate.runs.tries import Try, reason

PATH = "/v1/traces"
MAX_NAME = 200
EXECUTE = "execute_tool"

_UNKNOWN = "unknown_service"
"""How the name of a service begins that nobody has named."""

Value: TypeAlias = str | bool | int | float | Sequence[str]
Attributes: TypeAlias = dict[str, Value]

_SYSTEMS = {
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "xai": "x_ai",
}
"""What the conventions call services, where that is not what we call them."""


class Place(msgspec.Struct, frozen=True):
    """Where a provider is."""

    kind: str
    """The well-known service that it is."""
    host: str = ""
    port: int = 0


class Spans:
    """Makes them and sends them; called in a thread of its own."""

    def __init__(self, endpoint: str | None, places: Mapping[str, Place]) -> None:
        # What it has to say it says with each batch; that traces are lost is told once, by us.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        # Without an endpoint it finds that, as everything else, in OpenTelemetry's own variables.
        self._exporter = OTLPSpanExporter(endpoint=None if endpoint is None else endpoint + PATH)
        self._places = places
        self._scope = InstrumentationScope("headgate", __version__)
        resource = Resource.create({SERVICE_VERSION: __version__})
        is_named = not str(resource.attributes[SERVICE_NAME]).startswith(_UNKNOWN)
        self._resource = resource if is_named else resource.merge(Resource({SERVICE_NAME: "headgate"}))

    def export(self, runs: Sequence[Traced]) -> None:
        """Send those of some runs; raises OSError when the collector does not take them."""
        spans = [span for run in runs for span in self._of(run)]
        if self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise OSError("the collector does not take them")

    def close(self) -> None:
        """Nothing more is to be sent."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _of(self, run: Traced) -> Iterator[ReadableSpan]:
        trace, facts, head = run.trace, run.facts, run.head
        attributes: Attributes = {
            "gen_ai.operation.name": run.operation,
            "gen_ai.request.model": head.model[:MAX_NAME],
            "headgate.run": head.run,
            "headgate.format": head.format,
            "headgate.key": head.owner,
            "headgate.attempts": len(run.tries),
        }
        if facts.provider:
            attributes |= {"headgate.provider": facts.provider, "gen_ai.response.model": facts.model[:MAX_NAME]}
        if run.first_at is not None:
            attributes["gen_ai.response.time_to_first_chunk"] = max(0.0, run.first_at - head.created)
        if facts.status == "stopped":
            attributes["headgate.stopped_by"] = facts.code
        if run.events:
            attributes |= contents_of(head, run.events)
        error = facts.code if facts.status == "failed" else ""
        name = f"{run.operation} {head.model[:MAX_NAME]}"
        yield self._span(
            run, name, SpanKind.SERVER, trace.span, trace.parent, (head.created, run.ended), attributes, error
        )
        for number, tried in enumerate(run.tries):
            yield self._of_try(run, tried, run.tries[number - 1] if number else None)
        for execution in run.executed:
            yield self._of_execution(run, execution)

    def _of_execution(self, run: Traced, execution: Execution) -> ReadableSpan:
        attributes: Attributes = {
            "gen_ai.operation.name": EXECUTE,
            "gen_ai.tool.name": execution.name[:MAX_NAME],
            "gen_ai.tool.call.id": execution.id[:MAX_NAME],
            "gen_ai.tool.type": "function",
        }
        name, times = f"{EXECUTE} {execution.name[:MAX_NAME]}", (execution.began, execution.ended)
        kind, parent = SpanKind.INTERNAL, run.trace.span
        return self._span(run, name, kind, execution.span, parent, times, attributes, execution.error)

    def _of_try(self, run: Traced, tried: Try, before: Try | None) -> ReadableSpan:
        place = self._places.get(tried.provider, Place(tried.provider))
        attributes: Attributes = {
            "gen_ai.operation.name": run.operation,
            "gen_ai.provider.name": _SYSTEMS.get(place.kind, place.kind),
            "gen_ai.request.model": tried.model[:MAX_NAME],
            "headgate.provider": tried.provider,
        }
        if place.host:
            attributes |= {"server.address": place.host, "server.port": place.port}
        if tried.key:
            attributes["headgate.provider.key"] = tried.key
        if before is not None:
            attributes["headgate.reason"] = reason(before, tried)
        if tried.code:
            attributes["http.response.status_code"] = tried.status
        if tried.has_spoken and tried.provider == run.facts.provider and tried is _last_to_speak(run.tries):
            attributes |= _answered(run)
        ended = run.ended if tried.ended is None else tried.ended
        name = f"{run.operation} {tried.model[:MAX_NAME]}"
        return self._span(
            run, name, SpanKind.CLIENT, tried.span, run.trace.span, (tried.began, ended), attributes, tried.code
        )

    def _span(
        self,
        run: Traced,
        name: str,
        kind: SpanKind,
        span: str,
        parent: str,
        times: tuple[float, float],
        attributes: Attributes,
        error: str,
    ) -> ReadableSpan:
        if error:
            attributes["error.type"] = error
        context = _context(run, span, is_remote=False)
        return ReadableSpan(
            name,
            context,
            _context(run, parent, is_remote=kind is SpanKind.SERVER) if parent else None,
            self._resource,
            attributes,
            kind=kind,
            status=Status(StatusCode.ERROR, error) if error else Status(),
            start_time=_nanoseconds(times[0]),
            end_time=_nanoseconds(max(times)),
            instrumentation_scope=self._scope,
        )


def _answered(run: Traced) -> Attributes:
    """What is known of the answer itself."""
    facts = run.facts
    attributes: Attributes = {"gen_ai.response.model": facts.model[:MAX_NAME]}
    if run.answer_id:
        attributes["gen_ai.response.id"] = run.answer_id
    if facts.reasons:
        attributes["gen_ai.response.finish_reasons"] = list(facts.reasons)
    usage = facts.usage
    if usage is not None:
        attributes |= {
            "gen_ai.usage.input_tokens": usage.input,
            "gen_ai.usage.output_tokens": usage.output,
            "gen_ai.usage.cache_read.input_tokens": usage.cached,
            "gen_ai.usage.reasoning.output_tokens": usage.reasoning,
            "headgate.usage.estimated": usage.estimated,
        }
        if usage.cost is not None:
            attributes["headgate.cost_usd"] = usage.cost
    return attributes


def _last_to_speak(tries: Sequence[Try]) -> Try | None:
    return next((tried for tried in reversed(tries) if tried.has_spoken), None)


def _context(run: Traced, span: str, *, is_remote: bool) -> SpanContext:
    state = TraceState.from_header([run.trace.state]) if run.trace.state else TraceState()
    return SpanContext(int(run.trace.id, 16), int(span, 16), is_remote, TraceFlags(TraceFlags.SAMPLED), state)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
