"""What the endpoints of offloaded answers say: the shapes of it, and examples."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from headgate.dialects.docs import sample
from headgate.formats import offload

_Note = msgspec.Meta


class Authorization(msgspec.Struct):
    """Who may use the addresses."""

    access: offload.Access
    bearer_token: Annotated[
        str | UnsetType, _Note(description="Opens a private answer: `Authorization: Bearer TOKEN`. Told only here.")
    ] = UNSET
    stream_url_arg: Annotated[
        str | UnsetType,
        _Note(description="The query that opens `stream_events_url` for an EventSource, which sends no headers."),
    ] = UNSET


class Endpoints(msgspec.Struct):
    """The addresses that mean something now."""

    status_url: str
    stream_events_url: str | UnsetType = UNSET
    response_raw_url: Annotated[str | UnsetType, _Note(description="Once it is over.")] = UNSET
    stop_url: Annotated[str | UnsetType, _Note(description="Until it is over.")] = UNSET
    from_status_url: Annotated[str | UnsetType, _Note(description="The answer this conversation went on from.")] = UNSET


class Offloaded(msgspec.Struct):
    """Where the answer is found."""

    status: Literal["success"]
    created_at: int
    conversation_id: str
    README: str
    authorization: Authorization
    endpoints: Endpoints


class OffloadFailure(msgspec.Struct):
    """How the answer failed."""

    code: str
    message: str
    status: int


class OffloadTimes(msgspec.Struct):
    """When it was asked and over; null until then."""

    endpoint: str
    request_at: int
    finished_at: int | None
    processed_at: int | None
    request_time: float | None
    total_time: float | None


class OffloadOptions(msgspec.Struct):
    timeout: float
    connect_timeout: float


class OffloadResponse(msgspec.Struct):
    """What the provider said, streamed or not, as one chat completion; or its error."""

    status_code: int
    protocol: str
    headers: dict[str, str]
    body: dict[str, Any]


class OffloadStatus(msgspec.Struct):
    """Everything that is known of an answer."""

    status: Annotated[
        Literal["processing", "done", "error"],
        _Note(description="Ask again until it is `done` or `error`; one that was stopped is `done`."),
    ]
    created_at: int
    conversation_id: str
    README: str
    endpoints: Endpoints
    request: OffloadTimes
    options: OffloadOptions
    parameters: Annotated[
        dict[str, Any], _Note(description="What was asked, `messages` with all that the conversation held before.")
    ]
    response: Annotated[OffloadResponse | None, _Note(description="As far as it has come; null before the first word.")]
    stopped: bool | UnsetType = UNSET
    error: OffloadFailure | UnsetType = UNSET


class OffloadStopped(msgspec.Struct):
    """It is over."""

    status: Literal["success"]
    created_at: int
    conversation_id: str
    README: str


class OffloadError(msgspec.Struct):
    code: str
    message: str
    param: str | None


class OffloadErrorAnswer(msgspec.Struct):
    """The body of every answer that is no success."""

    status: Literal["error"]
    error: OffloadError


FILE = "24b94bef-d2a6-4faa-bb20-1429e846c9d3"
BASE = "https://headgate.example.com"
PUBLIC = f"/1/r/pub/2025/11/01/12/26/40/{FILE}"
PRIVATE = f"/1/r/priv/2025/11/01/12/26/40/{FILE}"
BEARER, STREAM_TOKEN = "718862c1382b2ffbb445f6c1abec79b2", "2d1fe9502cd65b84dc90577f322d0300"

_ASKED = {"model": "gpt-3.5-turbo", "messages": [{"role": "user", "content": "Say hello."}]}

_STREAMED = {
    "status": "success",
    "created_at": sample.CREATED,
    "conversation_id": FILE,
    "README": "Open `stream_events_url` to read the answer along as it is made.",
    "authorization": {"access": "public"},
    "endpoints": {
        "status_url": f"{BASE}{PUBLIC}.json",
        "stream_events_url": f"{BASE}{PUBLIC}.txt",
        "stop_url": f"{BASE}{PUBLIC}/stop",
    },
}

STREAMED = {
    "Public": _STREAMED,
    "Private": {
        **_STREAMED,
        "authorization": {
            "access": "private",
            "bearer_token": BEARER,
            "stream_url_arg": f"stream_token={STREAM_TOKEN}",
        },
        "endpoints": {
            "status_url": f"{BASE}{PRIVATE}.json",
            "stream_events_url": f"{BASE}{PRIVATE}.txt",
            "stop_url": f"{BASE}{PRIVATE}/stop",
        },
    },
}

_WAITED = {
    **_STREAMED,
    "README": "Load `status_url` again and again: it shows how far the answer is.",
    "endpoints": {"status_url": f"{BASE}{PUBLIC}.json", "stop_url": f"{BASE}{PUBLIC}/stop"},
}

WAITED = {
    "Public": _WAITED,
    "Private": {
        **_WAITED,
        "authorization": {"access": "private", "bearer_token": BEARER},
        "endpoints": {"status_url": f"{BASE}{PRIVATE}.json", "stop_url": f"{BASE}{PRIVATE}/stop"},
    },
}


def completion(text: str, reason: str | None, tokens: int) -> dict[str, Any]:
    """The answer so far as one object."""
    return {
        "id": "chatcmpl-" + sample.RUN.removeprefix("run_"),
        "object": "chat.completion",
        "created": sample.CREATED,
        "model": sample.MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": reason,
            }
        ],
        "usage": {
            "prompt_tokens": 9 if tokens else 0,
            "completion_tokens": tokens,
            "total_tokens": 9 + tokens if tokens else 0,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
            **({"cost": 0.00000315} if tokens else {}),
        },
    }


def _response(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "status_code": 200,
        "protocol": "HTTP/1.1",
        "headers": {"content-type": "text/event-stream"},
        "body": body,
    }


_PROCESSING: dict[str, Any] = {
    "status": "processing",
    "created_at": sample.CREATED,
    "conversation_id": FILE,
    "README": "This answer is still being made. Load this address again to see what has come since.",
    "endpoints": _STREAMED["endpoints"],
    "request": {
        "endpoint": "/v1/stream-chatgpt",
        "request_at": sample.CREATED,
        "finished_at": None,
        "processed_at": None,
        "request_time": None,
        "total_time": None,
    },
    "options": {"timeout": 90, "connect_timeout": 5},
    "parameters": _ASKED,
    "response": _response(completion("Hello there", None, 0)),
}

_OVER: dict[str, Any] = {
    **_PROCESSING,
    "status": "done",
    "README": "This answer is over. Nothing more will come here.",
    "endpoints": {
        "status_url": f"{BASE}{PUBLIC}.json",
        "stream_events_url": f"{BASE}{PUBLIC}.txt",
        "response_raw_url": f"{BASE}{PUBLIC}.raw",
    },
    "request": {
        "endpoint": "/v1/stream-chatgpt",
        "request_at": sample.CREATED,
        "finished_at": sample.CREATED + 2,
        "processed_at": sample.CREATED + 2,
        "request_time": 2.5,
        "total_time": 2.5,
    },
    "response": _response(completion("Hello there!", "stop", 3)),
}

STATUSES: dict[str, dict[str, Any]] = {
    "Being made": _PROCESSING,
    "Done": _OVER,
    "Stopped": {
        **_OVER,
        "stopped": True,
        "README": "This answer was stopped. What had come until then is kept here, and no more will follow.",
        "response": _response(completion("Hello there", None, 0)),
    },
    "Failed": {
        **_OVER,
        "status": "error",
        "README": (
            "This answer has ended with an error. What had come before it is kept here, and no more will follow."
        ),
        "error": {"code": "idle_timeout", "message": "openai said nothing for 90 s.", "status": 504},
        "response": _response(completion("Hello there", None, 0)),
    },
}


def _chunk(delta: str, reason: str = "null", role: str = "") -> str:
    id = "chatcmpl-" + sample.RUN.removeprefix("run_")
    return (
        f'data: {{"id":"{id}","object":"chat.completion.chunk","created":{sample.CREATED},"model":"{sample.MODEL}",'
        f'"choices":[{{"index":0,"delta":{{{role}"content":"{delta}"{_REFUSAL if role else ""}}},"logprobs":null,'
        f'"finish_reason":{reason}}}]}}\n\n'
    )


_REFUSAL = ',"refusal":null'

RAW_STREAM = _chunk("Hello", role='"role":"assistant",') + "data: [DONE]\n\n"

EVENTS_AFTER_2 = f"""\
id: 3
{_chunk("!")}\
{_chunk("", '"stop"')[:-3]},"usage":{{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,\
"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}},"cost":3.15e-6}}}}

id: 5
data: [DONE]

"""
"""The stream of the sample run, for a browser that has lost its connection after event 2."""
