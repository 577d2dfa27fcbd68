"""The names of responses, and of their items, which are made from those of runs."""

import re

_RESPONSE = re.compile(r"resp_([0-9a-f]{40})")
_ITEM = re.compile(r"[a-z]+_[0-9a-f]{40}_(in)?\d+")


def response_id(run: str) -> str:
    """The response that a run makes."""
    return "resp_" + run.removeprefix("run_")


def run_of(response: str) -> str | None:
    """The run that makes a response; None for an id that is none of ours."""
    found = _RESPONSE.fullmatch(response)
    return None if found is None else "run_" + found[1]


def item_id(prefix: str, run: str, number: int) -> str:
    """An item of a run's output."""
    return f"{prefix}_{run.removeprefix('run_')}_{number}"


def input_id(prefix: str, run: str, number: int) -> str:
    """An item of what a run was asked."""
    return f"{prefix}_{run.removeprefix('run_')}_in{number}"


def is_ours(item: object) -> bool:
    """Whether an item's id was made here, and means nothing to anybody else."""
    return isinstance(item, str) and _ITEM.fullmatch(item) is not None
