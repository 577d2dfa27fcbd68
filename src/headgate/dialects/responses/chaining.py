"""Finds the response that a request goes on from, and puts the two together."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from headgate.calls import Call
from headgate.dialects.responses.face import call_of, writer_of
from headgate.errors import BadRequest, Conflict, TooLarge
from headgate.events import Failed
from headgate.formats import openai_responses
from headgate.runs import Engine, Run

Find: TypeAlias = Callable[[str], Awaitable[Run]]
"""Finds a run by its id; raises NotFound."""

_PARAM = "previous_response_id"


class StillRunning(Conflict):
    """A response that cannot be gone on from yet."""

    code = "previous_response_in_progress"


async def continued(engine: Engine, call: Call, before: Run, limit: int) -> Call:
    """
    The call with what was asked and answered before in its input.

    Raises TooLarge when all of it together is more than `limit` bytes.
    """
    refuse_unfit(before)
    route, started = await engine.catalogue.route(call.model, call.fallbacks), before.started
    is_kindred = (
        started is not None
        and started.format == openai_responses.NAME
        and all(target.provider.name == started.provider for target in route)
    )
    writer = writer_of(before)
    for event in before.events:
        writer.write(event)
    fields = call_of(before).fields
    whole = openai_responses.continued(call, openai_responses.Before(fields, writer.response()["output"], is_kindred))
    if len(bytes(whole.fields["input"])) > limit:
        raise TooLarge(
            f"The conversation behind '{_PARAM}' has become larger than {limit // 1_000_000} MB.", param=_PARAM
        )
    return whole


def refuse_unfit(run: Run) -> None:
    """Raises where a response cannot be gone on from; one that was cut short can be, one that broke cannot."""
    if run.head.format != openai_responses.NAME:
        raise openai_responses.not_found(openai_responses.response_id(run.id))
    if not run.is_over:
        raise StillRunning("The previous response is still being made; go on when it is over.", param=_PARAM)
    if isinstance(run.last, Failed):
        raise BadRequest(
            "The previous response failed. Go on from the one before it, or ask it again.",
            param=_PARAM,
            code="previous_response_failed",
        )
