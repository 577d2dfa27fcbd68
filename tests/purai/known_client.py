"""A client as PurAI's own is: its types, and what it does with an answer."""

from typing import Any, Literal

import httpx2
import msgspec

from tests.purai.companies import PATIENCE


class Message(msgspec.Struct):
    role: Literal["assistant"]
    content: str | None
    function_call: dict[str, str] | None = None


class Choice(msgspec.Struct):
    index: int
    message: Message
    finish_reason: str


class Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class RecordResponse(msgspec.Struct):
    status: int
    data: Any = None


class Record(msgspec.Struct):
    provider: str
    response: RecordResponse


class CacheError(msgspec.Struct):
    message: str
    records: list[Record]


class Cache(msgspec.Struct):
    status: Literal[500]
    error: CacheError


class Completion(msgspec.Struct):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    overwritten: bool
    provider: str
    calledFunctions: list[tuple[Any, Any]]
    cache: Cache | None = None


class Delta(msgspec.Struct):
    content: str = ""


class ChunkChoice(msgspec.Struct):
    index: int
    delta: Delta
    finish_reason: str | None


class Chunk(msgspec.Struct):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    usage: Usage
    choices: list[ChunkChoice]
    provider: str
    overwritten: bool
    calledFunctions: list[tuple[Any, Any]]
    cache: Cache | None = None


class Tiers(msgspec.Struct):
    tier1: int
    tier2: int
    tier3: int
    tier4: int


class Model(msgspec.Struct):
    id: str
    model: str
    owner: str
    endpoints: list[str]
    maxTokens: int | None
    freeLimitPerDay: int
    donatorLimitsPerDay: Tiers
    available: bool
    providers: list[str]


class Personality(msgspec.Struct):
    id: str
    owner: str
    defaultConfig: dict[str, Any]
    blockedModels: list[str]
    donatorOnly: bool
    nsfw: bool


class Refused(Exception):
    """The API has returned with a status that is no success."""

    def __init__(self, status: int, said: Any) -> None:
        super().__init__(f"{status}: {said}")
        self.status, self.said = status, said


class PurGPT:
    """The client, with a key that nobody asks for here."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(
            base_url=url, headers={"authorization": "Bearer purgpt-0"}, timeout=PATIENCE, follow_redirects=False
        )

    def models(self, company: str) -> list[Model]:
        """What a company has."""
        return msgspec.convert(self._request("GET", f"/{company}/models"), list[Model])

    def personalities(self) -> list[Personality]:
        """The parts for models to play."""
        return msgspec.convert(self._request("GET", "/purgpt/personalities"), list[Personality])

    def chat(self, said: str, company: str = "openai", **fields: Any) -> Completion:
        """Ask."""
        messages = [{"role": "user", "content": said}]
        answer = self._request("POST", f"/{company}/chat/completions", {"messages": messages, **fields})
        return msgspec.convert(answer, Completion)

    def stream(self, said: str, **fields: Any) -> list[Chunk]:
        """Ask, and read along."""
        body = {"messages": [{"role": "user", "content": said}], "stream": True, **fields}
        chunks = []
        with self._http.stream("POST", "/openai/chat/completions", json=body) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                data = line.removeprefix("data: ")
                if data and data != "[DONE]":
                    chunks.append(msgspec.json.decode(data, type=Chunk))
        return chunks

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        if not answer.is_success:
            raise Refused(answer.status_code, answer.json())
        return answer.json()
