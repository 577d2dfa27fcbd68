"""What the endpoints that make runs have in common."""

from typing import Annotated, Literal

import msgspec

from headgate.web.doc import Parameter, Tag

OPENAI = Tag(
    "OpenAI",
    "OpenAI's own API: its clients work with nothing but another base URL. All of it is also under `/openai/v1` and "
    "`/openai`, where a bare model name means the provider `openai`.",
)

DISCONNECT = Parameter(
    name="Headgate-Disconnect",
    place="header",
    description="`keep` lets the run go on when its client goes away; otherwise it is stopped then.",
    type=Literal["keep"],
)

HEADERS = (
    Parameter(
        name="Idempotency-Key",
        place="header",
        description=(
            "A request that comes again with the same key and the same body gets the run that the first one began, "
            "however far it is, also when its client went away; with another body it is refused with 409. Up to 255 "
            "characters of your choice."
        ),
    ),
    Parameter(
        name="Headgate-Webhook",
        place="header",
        description="A URL that is told when the run is over.",
    ),
    Parameter(
        name="Headgate-Retention",
        place="header",
        description="How many seconds the run is kept after its end, in place of what is configured.",
        type=Annotated[int, msgspec.Meta(ge=1, le=366 * 24 * 3600)],
    ),
)
"""What a client may say about any run, whatever the dialect."""

PARAMETERS = (DISCONNECT, *HEADERS)

FIELDS = {
    "model": "`provider/model`, an alias such as `default`, or a name that only one provider has.",
    "stream": "Whether the answer comes as server-sent events, piece by piece.",
    "fallbacks": "Models to ask, in this order, when the one that was asked for fails before its first words.",
    "store": "`false` keeps the run in memory only: nothing of it is written, and it is forgotten when it is over.",
}
"""What they mean in every format."""

SAMPLING = {
    "temperature": "How freely words are chosen; 0 is the most likely every time.",
    "top_p": "Chooses among the likeliest tokens that make up so much probability.",
    "stop": "Texts that end the answer, and are not part of it.",
    "seed": "The same number asks for the same answer again, as far as the provider can.",
    "presence_penalty": "Against what was said before.",
    "frequency_penalty": "Against what was said often.",
    "logit_bias": "For or against certain tokens, from -100 to 100.",
}
"""What they mean in chat and in completions."""
