"""Log probabilities of a chat, made regular: every token with its number and its rivals."""

from typing import Any

import msgspec

from headgate.events import Json

IMPOSSIBLE = -9999.0
"""What OpenAI writes for a token that was as good as impossible; servers write NaN, -Infinity or null."""


def read(logprobs: object) -> tuple[Json | None, Json | None]:
    """The lists of a choice's content and of its refusal; None where there is none."""
    if not isinstance(logprobs, dict):
        return None, None
    if isinstance(logprobs.get("tokens"), list):
        return _encoded(_from_completion(logprobs)), None
    return _encoded(logprobs.get("content")), _encoded(logprobs.get("refusal"))


def tokens(entries: object, *, spelled: bool) -> list[dict[str, Any]]:
    """A list of tokens; `spelled` adds their bytes, which chats have and Responses may leave out."""
    return [_token(entry, spelled) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _encoded(entries: object) -> Json | None:
    found = tokens(entries, spelled=True)
    return msgspec.json.encode(found) if found else None


def _token(entry: dict[str, Any], spelled: bool) -> dict[str, Any]:
    rivals = entry.get("top_logprobs")
    listed = (
        [_regular(rival, spelled) for rival in rivals if isinstance(rival, dict)] if isinstance(rivals, list) else []
    )
    top = {"top_logprobs": listed} if spelled or "top_logprobs" in entry else {}
    return {**_regular(entry, spelled), **top}


def _regular(entry: dict[str, Any], spelled: bool) -> dict[str, Any]:
    token, logprob, said = entry.get("token"), entry.get("logprob"), entry.get("bytes")
    is_number = isinstance(logprob, int | float) and not isinstance(logprob, bool)
    made = entry | {"token": token if isinstance(token, str) else "", "logprob": logprob if is_number else IMPOSSIBLE}
    if spelled or "bytes" in entry:
        is_spelled = isinstance(said, list) and all(type(byte) is int for byte in said)
        made["bytes"] = said if is_spelled else None
    return made


def _from_completion(logprobs: dict[str, Any]) -> list[dict[str, Any]]:
    """The parallel lists of text completions, which some servers send in chats too."""
    numbers, rivals = (logprobs.get(key) for key in ("token_logprobs", "top_logprobs"))
    return [
        {"token": token, "logprob": _at(numbers, index), "top_logprobs": _rivals(_at(rivals, index))}
        for index, token in enumerate(logprobs["tokens"])
    ]


def _rivals(found: object) -> list[dict[str, Any]]:
    return [{"token": token, "logprob": number} for token, number in found.items()] if isinstance(found, dict) else []


def _at(entries: object, index: int) -> Any:
    return entries[index] if isinstance(entries, list) and index < len(entries) else None
