"""What the server executes for models: the sections [functions], [functions.python], [functions.NAME], [mcp.NAME]."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import msgspec

from headgate.config import kinds
from headgate.config.secret import Secret
from headgate.tools.http import KINDS, Body, Method

KILOBYTE = 1 << 10
MEGABYTE = 1 << 20

PYTHON_SECTION = "functions.python"
HTTP_SECTION = "functions.NAME"
MCP_SECTION = "mcp.NAME"

_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")


class Functions(msgspec.Struct, frozen=True, kw_only=True):
    """What functions may take."""

    rounds: Annotated[
        int, kinds.whole(1, 100), "How often a model may ask for functions before it has to answer without."
    ] = 10
    parallel: Annotated[
        int, kinds.whole(1, 100), "How many calls of a model's are executed at a time; the others wait."
    ] = 8
    timeout: Annotated[float, kinds.duration(0.001), "How long a call may take."] = 30.0
    total_timeout: Annotated[float, kinds.duration(0.001), "How long all calls of a run may take together."] = 120.0
    max_result: Annotated[
        int, kinds.size(KILOBYTE), "How much of a result a model is told; what is longer is cut, and that is told."
    ] = 64 * KILOBYTE
    max_parallel: Annotated[
        int, kinds.whole(1, 10_000), "How many calls are executed at a time, of all runs together."
    ] = 64


class Python(msgspec.Struct, frozen=True, kw_only=True):
    """Functions that are written in Python."""

    modules: Annotated[
        tuple[str, ...], kinds.TEXTS, "The modules they are in; `module:name` for one of a module's."
    ] = ()
    entry_points: Annotated[
        tuple[str, ...], kinds.TEXTS, 'The entry points `headgate.functions` of installed packages; `"*"` for all.'
    ] = ()
    folders: Annotated[
        tuple[str, ...], kinds.TEXTS, "Where modules are looked for, too; from the configuration's own folder."
    ] = (".",)
    threads: Annotated[int, kinds.whole(1, 1000), "How many functions that block may be executed at a time."] = 16

    @property
    def is_used(self) -> bool:
        """Whether there are any."""
        return bool(self.modules or self.entry_points)


def _read_body(value: object) -> Body:
    if isinstance(value, dict) or value in (*KINDS, "none"):
        return cast(Body, value)
    raise ValueError


BODY = kinds.Kind('"json", "form", "none", or a table, like { text = "{words}" }', _read_body)


class HttpSection(msgspec.Struct, frozen=True, kw_only=True):
    """A service as it is written in the file."""

    description: Annotated[str, kinds.TEXT, "What the function is for, in words for a model."] = ""
    url: Annotated[
        str, kinds.TEXT, "The address, with `{argument}` for what is to be filled into its path or its query."
    ] = ""
    method: Annotated[Method, kinds.one_of("GET", "POST", "PUT", "PATCH", "DELETE"), "How it is asked."] = "GET"
    arguments: Annotated[
        Mapping[str, Any],
        kinds.TABLE,
        "What it takes: a JSON Schema for each name, or just a type; `optional = true` for what may be left out.",
    ] = {}
    headers: Annotated[
        Mapping[str, Secret], kinds.HEADERS, "More headers for every request; `${NAME}` is from the environment."
    ] = {}
    body: Annotated[
        Body | None,
        BODY,
        "How arguments are sent that have no place in `url`; `none` puts them into the query, as GET and DELETE do.",
    ] = None
    timeout: Annotated[
        float | None, kinds.duration(0.001), "How long a call may take; by default as all functions."
    ] = None
    max_answer: Annotated[int, kinds.size(1), "How much of an answer is read."] = MEGABYTE
    max_parallel: Annotated[
        int | None, kinds.or_none(kinds.whole(1, 10_000)), "How many calls of it are executed at a time."
    ] = None
    repeatable: Annotated[
        bool | None,
        kinds.YES_NO,
        "Whether the same call twice does no more than once; by default with GET, PUT and DELETE.",
    ] = None
    idempotency_header: Annotated[
        str | None,
        kinds.or_none(kinds.WORD),
        "The header that tells the service which requests are the same call; sent where the body is.",
    ] = "Idempotency-Key"


def _read_prefix(value: object) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        raise ValueError
    return value


PREFIX = kinds.Kind('a name\'s beginning, like "files_"', _read_prefix, show=lambda value: f'"{value}"')


class McpSection(msgspec.Struct, frozen=True, kw_only=True):
    """A server as it is written in the file."""

    command: Annotated[str | None, kinds.TEXT, "The program, for a server that is started here."] = None
    args: Annotated[tuple[str, ...], kinds.TEXTS, "Its arguments; `${NAME}` is from the environment."] = ()
    env: Annotated[
        Mapping[str, Secret],
        kinds.HEADERS,
        "Its environment, beside what every program needs; `${NAME}` is from the environment.",
    ] = {}
    folder: Annotated[str | None, kinds.TEXT, "The folder it is started in; by default the configuration's own."] = None
    url: Annotated[str | None, kinds.TEXT, "The address, for a server that is reached by streamable HTTP."] = None
    headers: Annotated[
        Mapping[str, Secret], kinds.HEADERS, "More headers for every request; `${NAME}` is from the environment."
    ] = {}
    prefix: Annotated[
        str | None,
        kinds.or_none(PREFIX),
        "How the names of its functions begin; by default with NAME and an underscore.",
    ] = ""
    tools: Annotated[
        tuple[str, ...], kinds.TEXTS, "Which of its tools are offered, by names or patterns as the server has them."
    ] = ("*",)
    repeatable: Annotated[
        tuple[str, ...],
        kinds.TEXTS,
        "Those that may be called twice; others may where the server says that they only read, or are idempotent.",
    ] = ()
    start: Annotated[
        Literal["at once", "when asked"],
        kinds.one_of("at once", "when asked"),
        "When it is started: with Headgate, or when a request names one of its functions.",
    ] = "at once"
    start_timeout: Annotated[float, kinds.duration(0.001), "How long it may take to begin and list its tools."] = 30.0
    timeout: Annotated[
        float | None, kinds.duration(0.001), "How long a call may take; by default as all functions."
    ] = None
    max_parallel: Annotated[
        int | None, kinds.or_none(kinds.whole(1, 10_000)), "How many calls of each tool are executed at a time."
    ] = None
