"""
The items of an upstream's answer while it is being read.

An event says which item it speaks of by `item_id`, by `output_index`, by both, or not at all: llama.cpp
sends no index, GitHub's Copilot another id in every event, some proxies the index 0 for all. So
an item is looked for by its id first, by its index second, and last it is the newest of its kind.
"""

from typing import Any, Literal

from headgate.formats.tool_calls import text

SPOKEN = frozenset({"message", "reasoning", "function_call", "custom_tool_call"})
"""Items that our events have words for; any other is a tool that the provider runs itself."""

_HAVE_WORDS = frozenset(
    {"type", "status", "role", "content", "summary", "call_id", "name", "arguments", "input", "output_index"}
)


class Item:
    """One item, and what was passed on of it."""

    def __init__(self, number: int, said: dict[str, Any], index: object) -> None:
        self.number = number
        self.places = (said.get("id") or None, index)
        """The id and the index it was announced with."""
        self.type = text(said.get("type"))
        self.name, self.call_id = "", ""
        self.fields: dict[str, Any] = {}
        """What has no word of ours: id, phase, namespace, caller, encrypted_content, a vendor's own."""
        self.sent: set[tuple[str, int]] = set()
        """The parts of which anything was passed on."""
        self.annotations: dict[int, int] = {}
        """How many annotations of each part were passed on."""
        self.is_done = False
        self.learn(said)

    @property
    def kind(self) -> Literal["function", "custom"]:
        """For a tool call: which."""
        return "custom" if self.type == "custom_tool_call" else "function"

    @property
    def is_hosted(self) -> bool:
        """Whether the provider runs it."""
        return self.type not in SPOKEN

    def learn(self, said: dict[str, Any]) -> None:
        """Take over what this object says about the item; an id stays what it first was."""
        self.name = self.name or text(said.get("name"))
        self.call_id = self.call_id or text(said.get("call_id"))
        news = {key: value for key, value in said.items() if key not in _HAVE_WORDS and value not in (None, "")}
        self.fields = {**self.fields, **news, **{key: self.fields[key] for key in ("id",) if key in self.fields}}


class Items:
    """All items of one answer."""

    def __init__(self) -> None:
        self._all: list[Item] = []
        self._by_id: dict[str, Item] = {}
        self._by_index: dict[int, Item] = {}

    def add(self, said: dict[str, Any], index: object) -> Item:
        """An item appears, at its beginning or at its end."""
        item = Item(len(self._all), said, index)
        self._all.append(item)
        id, index = item.places
        if isinstance(id, str):
            self._by_id[id] = item
        if isinstance(index, int):
            self._by_index[index] = item
        return item

    def find(self, type: str, id: object, index: object) -> Item | None:
        """The item of that type that an event speaks of."""
        places = (self.named(id), self._numbered(index), self._newest(type, id, index))
        return next((item for item in places if item is not None and item.type == type), None)

    def hosted(self, id: object, index: object) -> Item | None:
        """The hosted item that an event speaks of; here nothing is guessed."""
        item = self.named(id) or self._numbered(index)
        return item if item is not None and item.is_hosted else None

    def named(self, id: object) -> Item | None:
        """The item with that id."""
        return self._by_id.get(id) if isinstance(id, str) else None

    def find_or_add(self, type: str, id: object, index: object) -> Item:
        """The same for an event whose item was never announced."""
        item = self.find(type, id, index)
        if item is None:
            item = self.add({"type": type, "id": id if isinstance(id, str) else None}, index)
        return item

    def _numbered(self, index: object) -> Item | None:
        return self._by_index.get(index) if isinstance(index, int) else None

    def _newest(self, type: str, *places: object) -> Item | None:
        """The newest of its type, unless it has another id or index than the event."""
        newest = next((item for item in reversed(self._all) if item.type == type), None)
        if newest is None or newest.is_done:
            return None
        known = zip(newest.places, places, strict=True)
        return None if any(None not in pair and pair[0] != pair[1] for pair in known) else newest
