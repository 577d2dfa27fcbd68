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
    *(
        Parameter(
            name=name,
            place="header",
            description=f"{meaning}, in seconds, in place of each provider's own limit.",
            type=Annotated[float, msgspec.Meta(ge=0.001, le=24 * 3600)],
        )
        for name, meaning in (
            ("Headgate-Connect-Timeout", "How long connecting to a provider may take"),
            ("Headgate-First-Event-Timeout", "How long a provider may take for its first words"),
            ("Headgate-Idle-Timeout", "How long an answer may pause"),
            ("Headgate-Total-Timeout", "How long the whole answer may take, all attempts together"),
        )
    ),
    Parameter(
        name="Headgate-Hedge",
        place="header",
        description="When the next model of the route is asked as well, because one is slow to begin: after what it "
        "`usual`ly takes, after so many seconds, or not at all (`off`). Whoever speaks first gives the answer.",
    ),
    Parameter(
        name="Headgate-Continue",
        place="header",
        description="Whether the next model goes on with an answer that breaks in the middle.",
        type=Literal["on", "off"],
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
