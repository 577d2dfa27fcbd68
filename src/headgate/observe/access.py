"""
The access log: a line for every request, when it is over.

It says who asked what, who answered and what it cost. It never holds a key, a header, a query or a body; of a
path nobody knows only so much that a mistyped one can be told.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from headgate.errors import HeadgateError
from headgate.observe.batches import Batches
from headgate.observe.facts import Facts, facts_of
from headgate.observe.files import STDERR, LineFile, write_all
from headgate.runs import Run

EVERY = 0.2
"""Seconds between two batches of lines: a person who watches sees no delay, and a kill loses no more."""

MAX_WAITING = 20_000
"""Lines that may wait for a slow disk: a few megabytes."""

MAX_PATH, MAX_SEGMENT = 100, 24
"""Characters of a path that is none of ours, and of a piece of it: longer ones may be somebody's token."""

MAX_METHOD = 10

MAX_NAME = 200
"""Characters of a model's name, which clients may choose."""


class Line(msgspec.Struct, kw_only=True):
    """One request."""

    time: float
    """When it was over, Unix seconds; written as text."""
    method: str
    route: str | None
    """The template of its path; None for a path that is none of ours."""
    path: str | None = None
    """That path, shortened."""
    status: int
    """499 when the client left before there was one."""
    first_ms: float | None
    """Until the first byte of the answer."""
    ms: float
    bytes: int
    """Of the answer, with its head."""
    client: str | None
    """Its address."""
    key: str | None
    """The name of its key."""
    run: str | None = None
    asked: str | None = None
    """The model as the client wrote it."""
    provider: str | None = None
    model: str | None = None
    """Who answered, and with which model."""
    attempts: int | None = None
    """How many tries that took."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    estimated: bool | None = None
    cost: float | None = None
    """US dollars."""
    end: str
    """answered, refused, client_left, or what became of the run: finished, failed, stopped, running."""
    code: str | None = None
    """Why it was refused, failed or stopped."""


class Entry(msgspec.Struct, gc=False):
    """What a line is made of: gathered on the event loop, and put into words in the thread."""

    at: float
    method: str
    route: str | None
    path: str
    status: int
    came_at: float
    first_at: float
    """0 when nothing was answered."""
    over_at: float
    sent: int
    client: str | None
    key: str | None
    end: str = "answered"
    code: str | None = None
    run: str | None = None
    asked: str | None = None
    facts: Facts | None = None
    attempts: int | None = None
    """Told by the request that made the run, as what it cost is, and by no other."""

    def tell_of(self, run: Run, facts: Facts, *, is_maker: bool) -> None:
        """Add what the run says."""
        self.run, self.asked, self.facts = run.id, run.head.model, facts
        self.attempts = len(run.tries) if is_maker else None

    def line(self) -> Line:
        """In words."""
        line = Line(
            time=self.at,
            method=self.method[:MAX_METHOD],
            route=self.route,
            path=short_path(self.path) if self.route is None else None,
            status=self.status,
            first_ms=_ms(self.first_at - self.came_at) if self.first_at else None,
            ms=_ms(self.over_at - self.came_at),
            bytes=self.sent,
            client=self.client,
            key=self.key,
            end=self.end,
            code=self.code,
        )
        if self.facts is not None:
            line.run, line.asked = self.run, (self.asked or "")[:MAX_NAME]
            line.provider, line.model = self.facts.provider or None, self.facts.model[:MAX_NAME] or None
        if self.facts is not None and self.attempts is not None:
            line.attempts, usage = self.attempts, self.facts.usage
            if usage is not None:
                line.input_tokens, line.output_tokens = usage.input, usage.output
                line.estimated, line.cost = usage.estimated, usage.cost
        return line


class AccessLog:
    """Takes lines to where they are kept."""

    def __init__(self, where: str, form: str) -> None:
        self._file = None if where == "stderr" else _opened(where)
        self._show: Callable[[Line], bytes] = _as_json if form == "json" else _as_text
        self._lines = Batches("access lines", self._write, every=EVERY, limit=MAX_WAITING)
        self._unfinished: dict[Run, Entry] = {}
        """Those of clients that have left, until their runs are over."""

    @property
    def dropped(self) -> int:
        """How many lines were lost."""
        return self._lines.dropped

    def add(self, entry: Entry) -> None:
        """A request is over."""
        self._lines.add(entry)

    def add_when_over(self, entry: Entry, run: Run) -> None:
        """A request is over, and its run will be at once."""
        self._unfinished[run] = entry

    def on_over(self, run: Run) -> None:
        """A run is over."""
        if self._unfinished and (entry := self._unfinished.pop(run, None)) is not None:
            entry.tell_of(run, facts_of(run), is_maker=True)
            self._lines.add(entry)

    async def close(self) -> None:
        """Write what is left."""
        for entry in self._unfinished.values():
            self._lines.add(entry)
        await self._lines.close()

    def _write(self, entries: Sequence[Entry]) -> None:
        data = b"".join([self._show(entry.line()) for entry in entries])
        if self._file is None:
            write_all(STDERR, data)
        else:
            self._file.write(data)


def _opened(path: str) -> LineFile:
    try:
        return LineFile(path)
    except OSError as error:
        raise HeadgateError(f"The access log {path} cannot be written: {error.strerror}.") from None


def short_path(path: str) -> str:
    """A path that is none of ours: enough to see what was meant, too little for a secret."""
    pieces = [piece if len(piece) <= MAX_SEGMENT else f"{piece[:8]}..." for piece in path[: 4 * MAX_PATH].split("/")]
    return "/".join(pieces)[:MAX_PATH]


def _as_json(line: Line) -> bytes:
    fields = msgspec.structs.asdict(line)
    fields["time"] = _time(line.time)
    return msgspec.json.encode({name: value for name, value in fields.items() if value is not None}) + b"\n"


def _as_text(line: Line) -> bytes:
    words = [_time(line.time), line.client or "-", line.key or "-", line.method, line.route or line.path or "-"]
    words += [str(line.status), f"{line.ms:g}ms", f"{line.bytes}B"]
    if line.run is not None:
        words += [line.run, line.asked or "-", "->", f"{line.provider}/{line.model}" if line.provider else "-"]
    if line.output_tokens is not None:
        words.append(f"{line.input_tokens}+{line.output_tokens}tokens")
    if line.cost is not None:
        words.append(f"${line.cost:g}")
    words += [line.end, line.code or ""]
    # Names and codes are others' words: one line stays one line.
    text = " ".join(word if word.isprintable() else repr(word) for word in words)
    return text.rstrip().encode(errors="replace") + b"\n"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
