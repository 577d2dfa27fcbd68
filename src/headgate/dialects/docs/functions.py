"""GET /v1/functions."""

from typing import Annotated, Any, Literal

import msgspec

from headgate.dialects.docs import errors
from headgate.web.doc import Answer, Content, Doc, Tag

TAG = Tag(
    "Functions",
    'What the server itself executes for a model. A request names what may be used: `"functions": ["create_todo"]` in '
    "its body, in any dialect. The calls and their results are in the run's log; the answer goes on after them.",
)


class ServerFunction(msgspec.Struct):
    """A function that a request may name."""

    object: Literal["function"]
    name: str
    description: str
    parameters: Annotated[dict[str, Any], msgspec.Meta(description="JSON Schema of its arguments.")]
    source: Annotated[
        str, msgspec.Meta(description="Where it is from: `python`, `http`, an MCP server's name, or a part of ours.")
    ]


class ServerFunctionList(msgspec.Struct):
    """All that the key may use."""

    object: Literal["list"]
    data: list[ServerFunction]


_WEATHER = {
    "object": "function",
    "name": "get_weather",
    "description": "Say what the weather is in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "source": "http",
}

LIST = Doc(
    summary="List functions",
    description=(
        "The functions that the server executes and this key may use. Those of an MCP server are here once it has "
        "listed them."
    ),
    tag=TAG,
    answers=(
        Answer(
            meaning="The functions.",
            contents=(
                Content(schema=ServerFunctionList, examples={"Functions": {"object": "list", "data": [_WEATHER]}}),
            ),
        ),
    ),
    errors=(errors.NO_KEY,),
    error=errors.ErrorAnswer,
)
