"""Python callables: what models are told of them, what they are called with, and what is told of their results."""

import asyncio
import contextvars
import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Optional

import msgspec
import pydantic
import pytest

from headgate.tools import Context, Limits, Outcome, Toolbox, function
from headgate.tools.python import PythonFunction, Threads
from headgate.tools.python.function import told_of
from tests.waiting import until


class Unit(enum.Enum):
    """Of temperatures."""

    CELSIUS = "c"
    FAHRENHEIT = "f"


@dataclass
class Place:
    """Somewhere."""

    name: str
    country: str = "de"


class Tree(msgspec.Struct):
    """Something that has more of its kind in it."""

    name: str
    children: list["Tree"] = []


class Order(pydantic.BaseModel):
    """What somebody wants."""

    item: str = pydantic.Field(description="What it is.")
    count: int = 1


def call(callable: Callable[..., Any], arguments: str = "{}", **limits: Any) -> Outcome:
    """What comes of calling it as a model would."""

    async def play() -> Outcome:
        offered = PythonFunction(callable, Threads(4))
        toolbox = Toolbox([offered], Limits(**limits))
        return await toolbox.call(offered.name, arguments, Context("run_1", "team", "call_1"))

    return asyncio.run(play())


def schema_of(callable: Callable[..., Any]) -> dict[str, Any]:
    """What models are told that it takes."""

    async def play() -> dict[str, Any]:
        return PythonFunction(callable, Threads(1)).schema

    return asyncio.run(play())


def forecast(
    city: str,
    unit: Unit = Unit.CELSIUS,
    days: Annotated[int, msgspec.Meta(ge=1, le=7)] = 1,
    detail: Literal["short", "long"] = "short",
    near: Place | None = None,
    tags: list[str] = [],  # noqa: B006
    note: str = None,  # type: ignore[assignment]  # noqa: RUF013
    hour: Annotated[int, "Which hour."] = 12,
) -> str:
    """
    Say what the weather will be.

    Args:
        city: The city's name.
        days: How many days.
    """
    return f"{city} {unit.name} {days} {detail} {near} {tags} {note} {hour}"


def test_a_signature_is_a_schema() -> None:
    assert schema_of(forecast) == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city's name."},
            "unit": {"enum": ["c", "f"], "description": "Of temperatures.", "default": "c"},
            "days": {"type": "integer", "minimum": 1, "maximum": 7, "description": "How many days.", "default": 1},
            "detail": {"enum": ["long", "short"], "default": "short"},
            "near": {
                "anyOf": [
                    {
                        "type": "object",
                        "description": "Somewhere.",
                        "properties": {"name": {"type": "string"}, "country": {"type": "string", "default": "de"}},
                        "required": ["name"],
                    },
                    {"type": "null"},
                ],
                "default": None,
            },
            "tags": {"type": "array", "items": {"type": "string"}, "default": []},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "hour": {"type": "integer", "description": "Which hour.", "default": 12},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def test_arguments_become_what_the_hints_say() -> None:
    text = '{"city": "Ulm", "unit": "f", "days": 3.0, "near": {"name": "Neu-Ulm"}, "tags": ["a"]}'
    result = call(forecast, text)
    assert result.result == "Ulm FAHRENHEIT 3 short Place(name='Neu-Ulm', country='de') ['a'] None 12"
    assert call(forecast, '{"city": "Ulm"}').result == "Ulm CELSIUS 1 short None [] None 12"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("{}", '- "city" is a required property'),
        ('{"city": "Ulm", "days": 8}', "- days: 8 is greater than the maximum of 7"),
        ('{"city": "Ulm", "unit": "k"}', '- unit: "k" is not one of "c" or "f"'),
        ('{"city": "Ulm", "town": "Ulm"}', "'town' was unexpected"),
    ],
)
def test_arguments_that_do_not_fit_never_reach_it(arguments: str, words: str) -> None:
    result = call(forecast, arguments)
    assert result.is_error
    assert words in result.result


def test_what_a_schema_cannot_say_is_told_too() -> None:
    def age(born: date) -> str:
        return born.isoformat()

    assert call(age, '{"born": "2001-02-03"}').result == "2001-02-03"
    assert call(age, '{"born": "yesterday"}').result == (
        "The arguments do not fit the function's parameters: Invalid RFC3339 encoded date - at `$.born`"
    )


def test_types_that_hold_their_own_kind_stay_together() -> None:
    def plant(tree: Tree) -> int:
        return len(tree.children)

    schema = schema_of(plant)
    assert schema["properties"]["tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert [*schema["$defs"]] == ["Tree"]
    assert call(plant, '{"tree": {"name": "oak", "children": [{"name": "elm"}]}}').result == "1"


def test_pydantic_models_are_known() -> None:
    def buy(order: Order, gift: Optional[Order] = None) -> Order:  # noqa: UP045
        assert isinstance(order, Order)
        return order

    assert schema_of(buy)["properties"]["order"]["properties"]["item"] == {
        "type": "string",
        "description": "What it is.",
    }
    assert call(buy, '{"order": {"item": "tea"}}').result == '{"item":"tea","count":1}'
    assert '"item" is a required property' in call(buy, '{"order": {}}').result


def test_a_field_called_title_is_one() -> None:
    def add(title: str) -> str:
        return title

    assert schema_of(add)["properties"] == {"title": {"type": "string"}}


def test_who_asks_for_the_context_gets_it() -> None:
    def whose(word: str, context: Context) -> str:
        return f"{word} {context.owner} {context.run} {context.call_id}"

    def maybe(context: Context | None = None) -> str:
        return "" if context is None else context.owner

    assert list(schema_of(whose)["properties"]) == ["word"]
    assert call(whose, '{"word": "hi"}').result == "hi team run_1 call_1"
    assert call(maybe).result == "team"


def test_a_context_cannot_be_given_by_a_model() -> None:
    def whose(context: Context) -> str:
        return context.owner

    assert call(whose, '{"context": {"owner": "admin"}}').is_error


def test_parameters_without_names_are_given_in_order() -> None:
    def less(a: int, b: int = 1, /, *, c: int = 0) -> int:
        return a - b - c

    assert call(less, '{"b": 2, "a": 5, "c": 1}').result == "2"
    assert call(less, '{"a": 5}').result == "4"


def test_methods_and_objects_can_be_called() -> None:
    class Counter:
        """Counts."""

        def __init__(self) -> None:
            self.count = 0

        def add(self, amount: int = 1) -> int:
            """Add some."""
            self.count += amount
            return self.count

        async def __call__(self, amount: int) -> int:
            return self.count + amount

    counter = Counter()
    assert call(counter.add, '{"amount": 3}').result == "3"
    assert call(counter, '{"amount": 4}').result == "7"


def test_blocking_functions_do_not_hold_the_others_up() -> None:
    """They are executed in threads, with the variables of their context."""
    variable = contextvars.ContextVar("variable", default="")
    release = threading.Event()

    def block() -> str:
        release.wait(60)
        return f"{variable.get()} {threading.current_thread() is threading.main_thread()}"

    async def play() -> None:
        toolbox = Toolbox([PythonFunction(block, Threads(2))])
        variable.set("kept")
        task = asyncio.create_task(toolbox.call("block", "{}", Context()))
        await asyncio.sleep(0)
        release.set()
        assert (await task).result == "kept False"

    asyncio.run(play())


def test_a_thread_that_hangs_is_given_up_and_keeps_its_place() -> None:
    release, began = threading.Event(), []

    def hang() -> str:
        began.append(True)
        release.wait(60)
        return "done"

    async def play() -> None:
        threads = Threads(1)
        toolbox = Toolbox([PythonFunction(hang, threads)], Limits(timeout=0.05))
        first = await toolbox.call("hang", "{}", Context())
        second = await toolbox.call("hang", "{}", Context())
        assert first.is_error
        assert second.is_error
        assert len(began) == 1
        release.set()
        await until(lambda: not threads._free.locked())
        assert (await toolbox.call("hang", "{}", Context())).result == "done"

    asyncio.run(play())


def test_a_thread_that_cannot_be_had_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def answer() -> str:
        return "done"

    async def play() -> None:
        toolbox = Toolbox([PythonFunction(answer, Threads(1))], Limits(timeout=5))
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            assert "can't start new thread" in (await toolbox.call("answer", "{}", Context())).result
        assert (await toolbox.call("answer", "{}", Context())).result == "done"

    asyncio.run(play())


def test_what_is_raised_in_a_thread_is_told() -> None:
    def leave() -> None:
        raise SystemExit(3)

    def stop() -> None:
        raise StopIteration

    def divide() -> float:
        return 1 / 0

    assert call(leave).result == "The function failed: SystemExit: 3"
    assert call(stop).result == "The function failed: RuntimeError: StopIteration"
    assert call(divide).result == "The function failed: ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (None, "null"),
        (True, "true"),
        ({"a": [1, 2.5]}, '{"a":[1,2.5]}'),
        (Place("Ulm"), '{"name":"Ulm","country":"de"}'),
        (Order(item="tea"), '{"item":"tea","count":1}'),
        (date(2001, 2, 3), '"2001-02-03"'),
        (b"\x00\xff", "[2 bytes that are no text]"),
        ({"it": object}, '{"it":"<class \'object\'>"}'),
        ({(1, 2): 3}, '{"(1, 2)":3}'),
        (10**30, "1000000000000000000000000000000"),
    ],
)
def test_results_are_text(value: object, text: str) -> None:
    assert told_of(value) == text


def test_a_result_that_holds_itself_is_told_somehow() -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert told_of(circle) == "[[...]]"


def test_a_mark_says_what_the_function_does_not() -> None:
    @function(name="get-it", description="Get it.", timeout=5, max_parallel=1, repeatable=True)
    async def fetch() -> str:
        return "it"

    @function
    def plain() -> str:
        """Plainly."""
        return ""

    async def play() -> None:
        offered = PythonFunction(fetch, Threads(1))
        assert (offered.name, offered.description, offered.timeout) == ("get-it", "Get it.", 5)
        assert (offered.max_parallel, offered.is_repeatable) == (1, True)
        assert PythonFunction(plain, Threads(1)).description == "Plainly."
        assert (await offered.call({}, Context())) == "it"

    asyncio.run(play())


def _starred(*words: str) -> None: ...


def _named(**words: str) -> None: ...


def _yielding() -> Any:
    yield 1


def _hinted(it: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821


def _odd(it: threading.Thread) -> None: ...


@pytest.mark.parametrize(
    ("callable", "words"),
    [
        (_starred, r"it takes \*words, which cannot be told to a model"),
        (_named, r"it takes \*\*words, which cannot be told to a model"),
        (_yielding, "it yields, and a function must return"),
        (_hinted, "its type hints cannot be read: name 'Nowhere' is not defined"),
        (_odd, "it takes what cannot be told in JSON: "),
        (lambda: 1, "a name may hold letters, digits"),
    ],
)
def test_what_no_model_could_use_is_refused(callable: Callable[..., Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        schema_of(callable)
