"""GET / and GET /health."""

from typing import Annotated, Literal

import msgspec

from headgate import __version__
from headgate.dialects.docs import sample
from headgate.web.doc import HTML, Answer, Content, Doc, Tag

TAG = Tag("Service", "The server itself; only its metrics need a key.")


class Welcome(msgspec.Struct):
    """Where things are."""

    message: str
    name: str
    version: str
    docs: str
    models: str


class Components(msgspec.Struct):
    db_pings: Annotated[str, msgspec.Meta(description="`ok`, or why nothing can be kept.")]


class Health(msgspec.Struct):
    """Whether the server is well."""

    status: Literal["healthy", "unhealthy"]
    version: str
    timestamp: Annotated[int, msgspec.Meta(description="Unix seconds.")]
    components: Components


_HEALTHY = {
    "status": "healthy",
    "version": __version__,
    "timestamp": sample.CREATED,
    "components": {"db_pings": "ok"},
}
_UNHEALTHY = {**_HEALTHY, "status": "unhealthy", "components": {"db_pings": "The store cannot be written."}}

WELCOME = Doc(
    summary="Welcome",
    description="Says where things are: a page for browsers, JSON for everybody else.",
    tag=TAG,
    answers=(
        Answer(
            meaning="Welcome.",
            contents=(
                Content(
                    schema=Welcome,
                    examples={
                        "For programs": {
                            "message": "Welcome to the Chatbot API",
                            "name": "Headgate",
                            "version": __version__,
                            "docs": "/docs",
                            "models": "/v1/models",
                        }
                    },
                ),
                Content(kind=HTML, examples={"For browsers": "<!doctype html>..."}),
            ),
        ),
    ),
)

HEALTH = Doc(
    summary="Health",
    description="Whether answers can be made and kept; for load balancers.",
    tag=TAG,
    answers=(
        Answer(meaning="All is well.", contents=(Content(schema=Health, examples={"Well": _HEALTHY}),)),
        Answer(
            status=503,
            meaning="Nothing can be kept, so nothing new is begun.",
            contents=(Content(schema=Health, examples={"Not well": _UNHEALTHY}),),
        ),
    ),
)
