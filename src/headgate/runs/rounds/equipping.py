"""Which functions of the server's a request may use: those that it names, and those that its alias brings."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from headgate.calls import Added, Call, Tool
from headgate.errors import BadRequest
from headgate.formats import anthropic, naming, openai_completions, strict
from headgate.formats.adding import can_add
from headgate.runs.catalogue import Assistant
from headgate.tools import Function, Toolbox

MAX_FUNCTIONS = 128
"""More than that nobody's model takes."""


class Equipment:
    """Gives calls what they may use; never anything that nobody asked for."""

    def __init__(self, toolbox: Toolbox, assistants: Mapping[str, Assistant]) -> None:
        self._toolbox, self._assistants = toolbox, assistants

    def open(self) -> None:
        """Have functions come that come from elsewhere; returns at once."""
        self._toolbox.open()

    def wanted(self, call: Call) -> Sequence[str]:
        """The functions that it may come to; nothing for nearly every call."""
        brought = self._assistants.get(call.model)
        return call.named if brought is None else (*call.named, *brought.functions)

    def brings(self, model: str | None, owner: str) -> Assistant:
        """What a model's name brings, for dialects that ask for others in its place."""
        brought = self._assistants.get(model or "")
        if brought is None:
            return Assistant()
        return Assistant(tuple(self._toolbox.matching(brought.functions, owner)), brought.prompt)

    async def prepare(self, call: Call) -> None:
        """Wait, for a moment, for those of its functions that are still on their way here."""
        await self._toolbox.prepare(self.wanted(call))

    def may_repeat(self, names: Iterable[str], owner: str) -> bool:
        """Whether all of these functions may be executed once more, when it is not known whether they were."""
        found = [self._toolbox.find(name, owner) for name in names]
        return all(function is not None and function.is_repeatable for function in found)

    def equip(self, call: Call, owner: str) -> Call:
        """The call with all of them; raises BadRequest for one that it may not use."""
        brought = self._assistants.get(call.model)
        if (not call.named and brought is None) or not (can_add(call.format) or call.format == openai_completions.NAME):
            return call
        found = self._named(call, owner)
        if not found and brought is None:
            return call
        fields = naming.without(call.fields, found) if call.named else call.fields
        own = naming.names_in(fields)
        if taken := found.keys() & own:
            raise _refused(f"'{min(taken)}' is a function of the server's, and cannot be a tool of yours as well.")
        for name in () if brought is None else self._toolbox.matching(brought.functions, owner):
            function = self._toolbox.find(name, owner)
            # What the client calls so is what it means.
            if function is not None and name not in own:
                found[name] = function
        instruction = "" if brought is None else brought.prompt
        if not found and not instruction:
            return msgspec.structs.replace(call, fields=fields, named=())
        if found and call.choices > 1:
            raise strict.unsupported("n", "must be 1 where the server executes functions.")
        tools = tuple(Tool(each.name, each.description, each.schema) for each in found.values())
        return msgspec.structs.replace(call, fields=fields, named=(), added=Added(tools, instruction))

    def _named(self, call: Call, owner: str) -> dict[str, Function]:
        must_be = naming.strings_in(call.fields)
        if len(must_be) > MAX_FUNCTIONS:
            raise _refused(f"'functions' may name at most {MAX_FUNCTIONS}.")
        found: dict[str, Function] = {}
        for name in call.named:
            function = self._toolbox.find(name, owner)
            if function is not None:
                found[name] = function
            elif name in must_be:
                raise _refused(f"There is no function '{name[:100]}' here that you may use.", "function_not_found")
            elif call.format == anthropic.NAME:
                # There a tool of the client's must have more than a name.
                raise strict.missing(f"tools[{naming.place_of(name, call.fields)}].input_schema")
        return found


def _refused(message: str, code: str = "invalid_value") -> BadRequest:
    return BadRequest(message, param="functions", code=code)
