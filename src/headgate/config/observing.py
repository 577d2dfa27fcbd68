"""How the server is watched: the sections [metrics], [log] and [otel]."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Literal

import msgspec

from headgate.config import kinds
from headgate.config.problems import Problems
from headgate.config.secret import Secret

MIN_LENGTH = 8
"""Of a token, as of a client's key."""

ENDPOINT_VARIABLES = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own, which its exporter reads."""

EXTRA = "opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http: scripts/extras otel"


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read /metrics."""

    open: Annotated[bool, kinds.YES_NO, "Let everybody read /metrics, also on a server with keys."] = False
    token: Annotated[
        Secret | None,
        kinds.SECRET,
        "What readers of /metrics must send as `Authorization: Bearer`; clients' keys are then of no use there.",
    ] = None


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of every request."""

    access: Annotated[
        str, kinds.TEXT, 'Where a line for every request goes: "off", "stderr", or a file, which may be moved away.'
    ] = "off"
    format: Annotated[
        Literal["json", "text"], kinds.one_of("json", "text"), "For a program to read, or for a person."
    ] = "json"


class Otel(msgspec.Struct, frozen=True, kw_only=True):
    """Where traces go."""

    endpoint: Annotated[
        str | None,
        kinds.ADDRESS,
        "The OpenTelemetry collector that traces are sent to, by OTLP over HTTP; `/v1/traces` is added.",
    ] = None
    sample: Annotated[float, kinds.SHARE, "How many of the runs are traced, where the client does not say."] = 1.0
    contents: Annotated[bool, kinds.YES_NO, "Record what was asked and answered, too."] = False
    propagate: Annotated[bool, kinds.YES_NO, "Tell providers which trace a request belongs to (`traceparent`)."] = True


def check_token(metrics: Metrics, problems: Problems) -> None:
    """One that can be guessed is as good as none, and looks as if there were one."""
    if metrics.token is not None and len(metrics.token.reveal()) < MIN_LENGTH:
        problems.add(f"[metrics] `token` must have at least {MIN_LENGTH} characters.")


def wants_traces(otel: Otel, environ: Mapping[str, str], problems: Problems) -> bool:
    """Whether traces are sent; a section that asks for it without the packages is a problem, a variable is not."""
    is_off = (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none"
    )
    if is_off or not (otel.endpoint or any(environ.get(name) for name in ENDPOINT_VARIABLES)):
        return False
    if has_packages():
        return True
    if otel.endpoint:
        problems.add(f"[otel] `endpoint` needs {EXTRA}.")
    return False


def notes_on_traces(environ: Mapping[str, str]) -> list[str]:
    """Variables that whole clusters set may mean others than us."""
    named = next((name for name in ENDPOINT_VARIABLES if environ.get(name)), None)
    return [f"{named} is set, but no traces are sent without {EXTRA}."] if named and not has_packages() else []


def has_packages() -> bool:
    """Whether the extra is installed."""
    try:
        return (
            find_spec("opentelemetry.exporter.otlp.proto.http") is not None
            and find_spec("opentelemetry.sdk") is not None
        )
    except ModuleNotFoundError:
        return False
