"""GET /, GET /headgate.js and GET /health."""

from typing import Annotated, Literal

import msgspec

from headgate import __version__
from headgate.dialects.docs import sample
from headgate.web.doc import HTML, Answer, Content, Doc, Parameter, Tag

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

MODULE = Doc(
    summary="The module for pages",
    description=(
        "An ES module without dependencies, for pages of any origin that this server lets in: `connect` is on channels "
        "and goes on by itself after a cut, `follow` and `stop` are for runs."
    ),
    tag=TAG,
    parameters=(Parameter(name="If-None-Match", place="header", description="The `ETag` of a text that one has."),),
    answers=(
        Answer(
            meaning="The module.",
            contents=(
                Content(
                    kind="text/javascript",
                    examples={
                        "How it is used": (
                            'import { connect } from "http://127.0.0.1:8080/headgate.js";\n\n'
                            'const connection = connect({ channels: ["lobby"] });\n'
                            'connection.on("message", ({ channel, message }) => console.log(channel, message));\n'
                        )
                    },
                ),
            ),
            headers={"ETag": "Changes with the text."},
        ),
        Answer(status=304, meaning="The text that one has is this one."),
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
