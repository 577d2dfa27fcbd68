"""Aliases that bring more than models: functions that the server executes, and words said before the conversation."""

from collections.abc import Collection, Iterator, Mapping

from headgate.config import kinds
from headgate.config.problems import Problems, nearest
from headgate.runs import Assistant

AGENT = "agent"

MODELS = "models"
FIELDS = (MODELS, "functions", "prompt")

TODOS = ("create_todo", "list_todos", "update_todo", "toggle_todo", "delete_todo")
"""What the agent may use where the configuration does not say."""

PROMPT = (
    "You are a helpful assistant, and you keep the user's list of todos. Whatever the user wants done with todos, do "
    "it with your functions, and never say that something is done unless a function said so. Where you do not know "
    "the id of a todo, list the todos first."
)


def is_section(target: object) -> bool:
    """Whether an alias is written as a section of its own; no model's name is among the section's fields."""
    return isinstance(target, dict) and any(name in target for name in FIELDS)


def read_assistants(
    table: Mapping[str, object], known: Mapping[str, object], problems: Problems
) -> dict[str, Assistant]:
    """Those of the file's aliases, and `agent` with the todos; `known` are the aliases that exist."""
    assistants = {
        name: _read(name, target, problems)
        for name, target in table.items()
        if isinstance(target, dict) and is_section(target)
    }
    if AGENT in known and AGENT not in assistants:
        assistants[AGENT] = Assistant(TODOS, PROMPT)
    return {name: assistant for name, assistant in assistants.items() if assistant != Assistant()}


def unknown_functions(
    assistants: Mapping[str, Assistant], known: Collection[str], prefixes: tuple[str, ...]
) -> Iterator[str]:
    """A sentence for each function that there is not; those that begin with a prefix may still come."""
    for alias, assistant in assistants.items():
        for name in assistant.functions:
            if name not in known and not name.startswith(prefixes):
                yield f"[aliases.{alias}] brings the function `{name}`, which there is not; {nearest(name, known)}"


def _read(name: str, section: Mapping[str, object], problems: Problems) -> Assistant:
    label = f"[aliases.{name}]"
    for field in section:
        if field not in FIELDS:
            problems.add(f"{label} has no setting `{field}`; {nearest(field, FIELDS)}")
    has_own = name != AGENT or "functions" in section
    functions = _field(label, section, "functions", kinds.TEXTS, () if has_own else TODOS, problems)
    prompt = _field(label, section, "prompt", kinds.TEXT, "" if has_own else PROMPT, problems)
    return Assistant(tuple(dict.fromkeys(functions)), prompt)


def _field(
    label: str,
    section: Mapping[str, object],
    name: str,
    kind: kinds.Kind[kinds.T],
    default: kinds.T,
    problems: Problems,
) -> kinds.T:
    if name not in section:
        return default
    try:
        return kind.read(section[name])
    except ValueError:
        problems.add(f"{label} `{name}` must be {kind.words}.")
        return default
