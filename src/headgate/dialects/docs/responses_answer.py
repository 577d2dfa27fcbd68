"""What POST /v1/responses answers: the response object and the events that build it up."""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

Status: TypeAlias = Literal["in_progress", "completed", "incomplete"]


class OutputTextPart(msgspec.Struct, tag="output_text"):
    text: str
    annotations: list[dict[str, Any]]
    logprobs: list[dict[str, Any]]


class RefusalPart(msgspec.Struct, tag="refusal"):
    refusal: str


class OutputMessage(msgspec.Struct, tag="message"):
    """What the model said."""

    id: str
    status: Status
    role: Literal["assistant"]
    content: list[OutputTextPart | RefusalPart]


class OutputFunctionCall(msgspec.Struct, tag="function_call"):
    """A function that the model calls."""

    id: str
    status: Status
    call_id: str
    name: str
    arguments: str


class OutputCustomToolCall(msgspec.Struct, tag="custom_tool_call"):
    """A custom tool that the model calls."""

    id: str
    status: Status
    call_id: str
    name: str
    input: str


class OutputReasoning(msgspec.Struct, tag="reasoning"):
    """What the model thought, as far as its provider tells."""

    id: str
    status: Status
    summary: list[dict[str, Any]]
    content: list[dict[str, Any]] | UnsetType = UNSET
    encrypted_content: str | UnsetType | None = UNSET


OutputItem: TypeAlias = OutputMessage | OutputFunctionCall | OutputCustomToolCall | OutputReasoning


class InputTokensDetails(msgspec.Struct):
    cached_tokens: int
    cache_write_tokens: int


class OutputTokensDetails(msgspec.Struct):
    reasoning_tokens: int


class ResponseUsage(msgspec.Struct):
    """Tokens, as the provider counted them."""

    input_tokens: int
    input_tokens_details: InputTokensDetails
    output_tokens: int
    output_tokens_details: OutputTokensDetails
    total_tokens: int
    cost: float | UnsetType = UNSET
    """US dollars, where the price is known."""
    estimated: bool | UnsetType = UNSET
    """True where the provider did not say, or not all."""


class ResponseError(msgspec.Struct):
    code: str
    message: str


class IncompleteDetails(msgspec.Struct):
    reason: str


class Response(msgspec.Struct):
    """An answer as it stands, with the fields of its request that OpenAI repeats."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
    model: str
    output: list[OutputItem]
    usage: ResponseUsage | None
    error: ResponseError | None
    incomplete_details: IncompleteDetails | None
    background: bool
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: dict[str, str]
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: dict[str, Any]
    store: bool
    temperature: float
    text: dict[str, Any]
    tool_choice: Any
    tools: list[dict[str, Any]]
    top_p: float
    truncation: str


class ResponseEvent(msgspec.Struct):
    """Something that happened to a response; its `type` says what, and which of these fields it brings."""

    type: str
    sequence_number: int
    response: Response | UnsetType = UNSET
    output_index: int | UnsetType = UNSET
    item: dict[str, Any] | UnsetType = UNSET
    item_id: str | UnsetType = UNSET
    content_index: int | UnsetType = UNSET
    summary_index: int | UnsetType = UNSET
    part: dict[str, Any] | UnsetType = UNSET
    delta: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    logprobs: list[dict[str, Any]] | UnsetType = UNSET
    arguments: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    error: dict[str, Any] | UnsetType = UNSET
