"""
An assistant that keeps todos with tools: what it asks for next, and what it says once it has the results.

It knows nothing but the conversation. Each time, it hears what is wanted, looks at what the tools have given since, and
asks for whatever is missing yet: the list, where a todo is spoken of by its name, then what is to be done with it.
Because no call is made twice, it comes to an end.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from headgate.calls import Prompt, TextPart, Tool
from headgate.providers.simulator.finding import named
from headgate.providers.simulator.hearing import hear
from headgate.providers.simulator.record import Given, Todo, error_in, record, todos_in
from headgate.providers.simulator.wants import Add, Change, Drop, Help, Mark, Show, Use, Want

CREATE, LIST, UPDATE, TOGGLE, DELETE = "create_todo", "list_todos", "update_todo", "toggle_todo", "delete_todo"
NAMES = frozenset((CREATE, LIST, UPDATE, TOGGLE, DELETE))

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "todo_id", "todoId"),
    "title": ("title", "text", "name"),
    "due": ("dueDate", "due_date", "due"),
    "completed": ("completed", "done", "is_done"),
    "limit": ("limit", "first"),
}
"""What the tools of different people call the same."""

_USUAL = ("id", "title", "due", "completed")
"""Those of a tool that does not say what it takes."""

HELP = (
    'I keep your todos. Say "add milk and bread to my todos", "remind me to call Tom tomorrow", "what is left?", '
    '"milk is done", "rename milk to oat milk", "move the dentist to Friday" or "delete all done todos".'
)

MAX_LISTED = 200
"""How many todos are looked at, where a tool lets that be said."""

MAX_QUOTED = 300
"""Letters of a result that are repeated where it says nothing that is known here."""

Invent: TypeAlias = Callable[[Tool], str]


class Call(NamedTuple):
    """A tool, and what it is given."""

    name: str
    arguments: Any
    """What the text says; the text itself where it is no JSON."""
    text: str


class Turn(NamedTuple):
    """What to do now: call some tools, or else say something."""

    calls: tuple[tuple[str, str], ...]
    text: str


def turn(prompt: Prompt, now: int, invent: Invent) -> Turn | None:
    """What the assistant does now, or None where nothing is wanted of it; `invent` makes arguments up for a tool."""
    offered = {} if prompt.tool_choice == "none" else {tool.name: tool for tool in prompt.tools}
    given = record(prompt)
    known = offered.keys() | {one.name for one in given}
    wants = dict.fromkeys(hear(_last_words(prompt), now, known))
    if not wants or not (known & NAMES or any(isinstance(want, Use) for want in wants)):
        return None
    return _Turn(offered, given, invent).over(wants)


class _Turn:
    """One look at everything that is wanted."""

    def __init__(self, offered: Mapping[str, Tool], given: tuple[Given, ...], invent: Invent) -> None:
        self._offered, self._given, self._invent = offered, given, invent
        self._calls: list[Call] = []
        listing = next((one for one in given if one.name == LIST and error_in(one) is None), None)
        self._listing = None if listing is None else todos_in(listing.result)

    def over(self, wants: Iterable[Want]) -> Turn:
        last = [want for want in wants if isinstance(want, Show)]
        said = [line for want in wants if not isinstance(want, Show) for line in self._do(want)]
        if not self._calls:
            # What is shown is shown as it is in the end.
            said += [line for want in last for line in self._show(want)]
        calls = tuple((call.name, call.text) for call in dict.fromkeys(self._calls))
        return Turn(calls, "" if calls else "\n".join(said))

    def _do(self, want: Want) -> Iterator[str]:
        """Ask for what is missing yet, or say how it went."""
        match want:
            case Add(title, due):
                if (result := self._result(self._call(CREATE, title=title, due=due))) is not None:
                    day = f", due {_day(due)}" if due else ""
                    yield _told(result, f'I added "{title}" to your todos{day}.', f'I could not add "{title}"')
            case Mark(what, done):
                yield from self._each(what, lambda todo: self._mark(todo, done))
            case Drop(what):
                yield from self._each(what, self._drop)
            case Change(what):
                yield from self._each(what, lambda todo: self._change(todo, want))
            case Use(name, arguments):
                yield from self._use(name, arguments)
            case Help():
                yield HELP
            case Show():
                pass

    def _each(self, what: str, do: Callable[[Todo], Iterator[str]]) -> Iterator[str]:
        """Do it with every todo that is meant."""
        if what.isdigit() and len(what) < 16:
            todo = next((one for one in self._listing or () if one.id == int(what)), None)
            yield from do(todo or Todo(int(what), "", False, None))
            return
        if self._listing is None:
            if (result := self._result(self._call(LIST, limit=MAX_LISTED))) is not None:
                yield f"I could not look at your todos: {_quoted(error_in(result) or result.result)}"
            elif LIST not in self._offered:
                yield "I cannot look at your todos here."
            return
        found = named(what, self._listing)
        if isinstance(found, str):
            yield found
        for todo in () if isinstance(found, str) else found:
            yield from do(todo)

    def _mark(self, todo: Todo, done: bool | None) -> Iterator[str]:
        is_known = bool(todo.title)
        if is_known and todo.done is done:
            yield f"{_name(todo)} {'was done already' if done else 'was open'}."
            return
        if done is None or (is_known and TOGGLE in self._offered):
            call = self._call(TOGGLE, id=todo.id)
        else:
            call = self._call(UPDATE, id=todo.id, completed=done)
        if (result := self._result(call)) is not None:
            now = next(iter(todos_in(result.result)), todo._replace(done=not todo.done if done is None else done))
            state = "done" if now.done else "open again"
            yield _told(result, f"{_name(now)} is {state}.", f"I could not mark {_name(todo)}")

    def _drop(self, todo: Todo) -> Iterator[str]:
        if (result := self._result(self._call(DELETE, id=todo.id))) is not None:
            yield _told(result, f"I deleted {_name(todo)}.", f"I could not delete {_name(todo)}")

    def _change(self, todo: Todo, want: Change) -> Iterator[str]:
        call = self._call(UPDATE, id=todo.id, title=want.title, due=want.due)
        if (result := self._result(call)) is not None:
            new = f'now "{want.title}"' if want.title else f"due {_day(want.due or '')}"
            yield _told(result, f"{_name(todo)} is {new}.", f"I could not change {_name(todo)}")

    def _show(self, want: Show) -> Iterator[str]:
        completed = {"all": None, "open": False, "done": True}[want.which]
        if self._given and self._given[-1].name == LIST:
            # Nothing was done since.
            result: Given | None = self._given[-1]
        else:
            result = None
            self._wish(self._call(LIST, completed=completed, limit=MAX_LISTED))
        if result is None:
            if LIST not in self._offered:
                yield "I cannot look at your todos here."
            return
        if (error := error_in(result)) is not None:
            yield f"I could not look at your todos: {_quoted(error)}"
            return
        todos = [todo for todo in todos_in(result.result) if completed in (None, todo.done)]
        kind = {"all": "", "open": "open ", "done": "done "}[want.which]
        yield f"Your {kind}todos:" if todos else f"You have no {kind}todos."
        for todo in todos:
            day = f", due {_day(todo.due)}" if todo.due else ""
            yield f"- [{'x' if todo.done else ' '}] {todo.title} ({todo.id}{day})"

    def _use(self, name: str, arguments: str | None) -> Iterator[str]:
        done = next((one for one in self._given if one.name == name), None)
        if done is None:
            text = arguments if arguments is not None else self._invent(self._offered[name])
            self._wish(Call(name, text, text))
        else:
            yield _told(done, f"{name} says: {_quoted(done.result)}", f"{name} failed")

    def _call(self, name: str, **said: Any) -> Call:
        """A call with what is said, under the names that the tool has for it."""
        tool = self._offered.get(name)
        fields = (tool.schema or {}).get("properties") if tool is not None else None
        known = fields if isinstance(fields, dict) and fields else _USUAL
        arguments = {
            next((field for field in FIELDS[name] if field in known), name): value
            for name, value in said.items()
            if value is not None and any(field in known for field in FIELDS[name])
        }
        return Call(name, None, json.dumps(arguments, ensure_ascii=False))

    def _result(self, call: Call) -> Given | None:
        """What came of it; where nothing did yet, it is asked for."""
        wanted = json.loads(call.text)
        found = next((one for one in self._given if one.name == call.name and one.arguments == wanted), None)
        if found is None:
            self._wish(call)
        return found

    def _wish(self, call: Call) -> None:
        if call.name in self._offered:
            self._calls.append(call)


def _told(result: Given, well: str, ill: str) -> str:
    error = error_in(result)
    return well if error is None else f"{ill}: {_quoted(error)}"


def _quoted(text: str) -> str:
    return text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}..."


def _name(todo: Todo) -> str:
    return f'"{todo.title}"' if todo.title else f"todo {todo.id}"


def _day(due: str) -> str:
    day, _, hour = due.partition("T")
    return f"{day} at {hour[:5]}" if hour[:5] not in ("", "00:00") else day


def _last_words(prompt: Prompt) -> str:
    for message in reversed(prompt.messages):
        if message.role == "user":
            return " ".join(part.text for part in message.parts if isinstance(part, TextPart))
    return ""
