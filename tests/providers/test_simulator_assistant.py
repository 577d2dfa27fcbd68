"""The assistant that keeps todos: played with a list behind it, as a client that executes its calls would."""

import json
from typing import Any

import pytest

from headgate.events import Finished
from headgate.fold import Choice
from tests.providers.simulated import play, tool

TITLE = {"type": "string"}
ID = {"type": "integer"}
SCHEMAS: dict[str, dict[str, Any]] = {
    "create_todo": {"title": TITLE, "dueDate": {"type": "string"}},
    "list_todos": {"completed": {"type": "boolean"}},
    "update_todo": {"id": ID, "title": TITLE, "completed": {"type": "boolean"}, "dueDate": {"type": "string"}},
    "toggle_todo": {"id": ID},
    "delete_todo": {"id": ID},
}
TOOLS = [tool(name, {"type": "object", "properties": fields}) for name, fields in SCHEMAS.items()]


class House:
    """Todos, and a client that executes what it is asked to."""

    def __init__(self, *titles: str) -> None:
        self.todos: dict[int, dict[str, Any]] = {}
        self.called: list[str] = []
        self.ids: list[str] = []
        for title in titles:
            self.call("create_todo", {"title": title})
        self.called.clear()

    def titles(self) -> list[str]:
        return [todo["title"] for todo in self.todos.values() if not todo["completed"]]

    def call(self, name: str, given: dict[str, Any]) -> Any:
        """What the function of that name says."""
        self.called.append(name)
        if name == "create_todo":
            number = max(self.todos, default=0) + 1
            self.todos[number] = {"id": number, "completed": False, "dueDate": None, **given}
            return self.todos[number]
        if name == "list_todos":
            wanted = given.get("completed")
            return {"todos": [todo for todo in self.todos.values() if wanted in (None, todo["completed"])]}
        todo = self.todos.get(given["id"])
        if todo is None:
            return {"error": {"message": f"Todo with id {given['id']} not found"}}
        if name == "delete_todo":
            return {"deleted": bool(self.todos.pop(given["id"]))}
        todo |= {"completed": not todo["completed"]} if name == "toggle_todo" else given
        return todo

    def asked(self, words: str, tools: list[Any] = TOOLS) -> str:
        """The whole loop: its last words, once it asks for nothing any more."""
        talk: list[dict[str, Any]] = [{"role": "user", "content": words}]
        for _ in range(10):
            played = play(messages=talk, tools=tools)
            choice = played.choice
            if not choice.calls:
                assert played.events[-1] == Finished("stop")
                return choice.text
            assert played.events[-1] == Finished("tool_calls")
            assert choice.text == ""
            talk += self._results(choice)
        raise AssertionError("it never comes to an end")

    def _results(self, choice: Choice) -> list[dict[str, Any]]:
        self.ids += [call.id for call in choice.calls]
        uses = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.input}}
            for call in choice.calls
        ]
        results = [(call.id, self.call(call.name, json.loads(call.input))) for call in choice.calls]
        return [
            {"role": "assistant", "tool_calls": uses},
            *({"role": "tool", "tool_call_id": id, "content": json.dumps(said)} for id, said in results),
        ]


def test_a_todo_is_added() -> None:
    house = House()
    assert house.asked("Add milk to my todos") == 'I added "milk" to your todos.'
    assert house.titles() == ["milk"]
    assert house.called == ["create_todo"]


@pytest.mark.parametrize(
    ("words", "titles", "called"),
    [
        ("add bread, eggs and salt to my list", ["milk", "tea", "bread", "eggs", "salt"], ["create_todo"] * 3),
        ('add "bread and butter" to my list', ["milk", "tea", "bread and butter"], ["create_todo"]),
        ("milk is done", ["tea"], ["list_todos", "toggle_todo"]),
        ("complete milk and tea", [], ["list_todos", "toggle_todo", "toggle_todo"]),
        ("complete 2", ["milk"], ["update_todo"]),
        ("toggle 1", ["tea"], ["toggle_todo"]),
        ("please delete the milk", ["tea"], ["list_todos", "delete_todo"]),
        ("delete all todos", [], ["list_todos", "delete_todo", "delete_todo"]),
        ("rename milk to oat milk", ["oat milk", "tea"], ["list_todos", "update_todo"]),
        ("delete milk, then add bread", ["tea", "bread"], ["list_todos", "create_todo", "delete_todo"]),
        ("delete the last one", ["milk"], ["list_todos", "delete_todo"]),
    ],
)
def test_what_is_asked_for_is_done(words: str, titles: list[str], called: list[str]) -> None:
    house = House("milk", "tea")
    house.asked(words)
    assert house.titles() == titles
    assert len(set(house.ids)) == len(house.ids), "no two calls of a conversation have the same id"
    assert sorted(house.called) == sorted(called)


def test_it_says_what_it_did() -> None:
    house = House("milk", "tea")
    assert house.asked("milk is done") == '"milk" is done.'
    assert house.asked("milk is done") == '"milk" was done already.'
    assert house.asked("reopen milk") == '"milk" is open again.'
    assert house.asked("rename tea to green tea") == '"tea" is now "green tea".'
    assert house.asked("delete milk and add bread") == 'I deleted "milk".\nI added "bread" to your todos.'


def test_the_list_is_shown_as_it_is_in_the_end() -> None:
    house = House("milk", "tea")
    assert (
        house.asked("show my todos and complete milk") == '"milk" is done.\nYour todos:\n- [x] milk (1)\n- [ ] tea (2)'
    )
    assert house.asked("what is left?") == "Your open todos:\n- [ ] tea (2)"
    assert house.asked("which todos are done?") == "Your done todos:\n- [x] milk (1)"
    assert House().asked("what's on my list?") == "You have no todos."


@pytest.mark.parametrize(
    ("words", "due", "said"),
    [
        ("remind me to call Tom tomorrow", "2023-11-15T00:00:00Z", 'I added "call Tom" to your todos, due 2023-11-15.'),
        ("add call Tom on friday at 5pm", "2023-11-17T17:00:00Z", None),
        ("add call Tom in two weeks", "2023-11-28T00:00:00Z", None),
        ("add a todo to call Tom by 2024-02-29 at 9:30", "2024-02-29T09:30:00Z", None),
        ("add call Tom the day after tomorrow", "2023-11-16T00:00:00Z", None),
        ("add call Tom next tuesday", "2023-11-21T00:00:00Z", None),
    ],
)
def test_days_are_told_in_full(words: str, due: str, said: str | None) -> None:
    """The conversation takes place on a Tuesday."""
    house = House()
    answer = house.asked(words)
    assert house.todos[1] == {"id": 1, "completed": False, "title": "call Tom", "dueDate": due}
    assert said in (None, answer)


def test_what_is_due_can_be_moved() -> None:
    house = House("see the dentist")
    assert house.asked("move the dentist to thursday") == '"see the dentist" is due 2023-11-16.'
    assert house.todos[1]["dueDate"] == "2023-11-16T00:00:00Z"
    house.asked("the dentist is due on 2024-01-02")
    assert house.todos[1]["dueDate"] == "2024-01-02T00:00:00Z"


def test_nothing_is_done_where_it_cannot_be_told_what() -> None:
    house = House("buy milk", "drink milk")
    assert house.asked("delete bread") == 'I found no todo "bread".'
    assert house.asked("delete milk") == (
        'I do not know which one you mean by "milk": "buy milk" (1), "drink milk" (2).'
    )
    assert house.asked("delete all done todos") == "There are no such todos."
    assert house.called == ["list_todos"] * 3


def test_what_a_tool_says_went_wrong_is_told() -> None:
    assert House().asked("delete todo 9") == "I could not delete todo 9: Todo with id 9 not found"


def test_only_tools_that_are_there_are_asked_for() -> None:
    house = House("milk")
    assert house.asked("delete milk", [tool("delete_todo")]) == "I cannot look at your todos here."
    assert house.asked("show my todos", [tool("create_todo")]) == "I cannot look at your todos here."
    assert house.called == []


def test_tools_with_other_names_for_the_same_are_given_what_they_ask_for() -> None:
    properties = {"text": TITLE, "due_date": TITLE}
    played = play(
        messages=[{"role": "user", "content": "add tea on 2024-01-01"}],
        tools=[tool("create_todo", {"type": "object", "properties": properties})],
    )
    (call,) = played.choice.calls
    assert json.loads(call.input) == {"text": "tea", "due_date": "2024-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("call weather", None),
        ("Please use the tool weather.", None),
        ('call weather with {"city": "Cádiz; and add milk"}', '{"city": "Cádiz; and add milk"}'),
        ("run weather {broken}", "{broken}"),
    ],
)
def test_any_tool_can_be_called_by_its_name(words: str, arguments: str | None) -> None:
    talk: list[dict[str, Any]] = [{"role": "user", "content": words}]
    (call,) = play(messages=talk, tools=[tool("tide"), tool("weather")]).choice.calls
    assert call.name == "weather"
    assert call.input == arguments if arguments is not None else json.loads(call.input)["city"]
    use = {"id": call.id, "type": "function", "function": {"name": "weather", "arguments": call.input}}
    talk += [
        {"role": "assistant", "tool_calls": [use]},
        {"role": "tool", "tool_call_id": call.id, "content": "Rain."},
    ]
    played = play(messages=talk, tools=[tool("weather")])
    assert (played.choice.calls, played.text) == ([], "weather says: Rain.")


@pytest.mark.parametrize(
    "words", ["Where does the river go?", "call Tom", "Make a poem about todos' sorrows", "", "2 and 3"]
)
def test_other_words_are_answered_as_ever(words: str) -> None:
    talk = [{"role": "user", "content": words}]
    assert play(messages=talk, tools=TOOLS).events == play(messages=talk).events


def test_without_tools_for_it_nothing_is_kept() -> None:
    talk = [{"role": "user", "content": "add milk to my todos"}]
    plain = play(messages=talk, tools=[tool("weather")])
    assert plain.choice.calls == []
    assert "milk" not in plain.text
    assert play(messages=talk, tools=TOOLS, tool_choice="none").choice.calls == []


@pytest.mark.parametrize(
    "script", [{"text": "No."}, {"words": 3}, {"echo": True}, {"refusal": True}, {"tool_calls": False}]
)
def test_a_script_goes_before_it(script: dict[str, Any]) -> None:
    talk = [{"role": "user", "content": "add milk to my todos"}]
    assert play(script=script, messages=talk, tools=TOOLS).choice.calls == []


def test_it_says_what_it_can_do() -> None:
    assert "add milk" in House().asked("What can you do?")


@pytest.mark.parametrize(
    "words",
    ["move " * 900, "add " + "a to my " * 600, "x is due " * 500, "," * 4_000, "'" * 4_000, "a" + " " * 3_900 + "b"],
    ids=lambda words: words[:9],
)
def test_no_words_take_it_long(words: str) -> None:
    """However odd they are: what is looked at has a bound, and so has each of its pieces."""
    assert play(messages=[{"role": "user", "content": words}], tools=TOOLS).error is None
