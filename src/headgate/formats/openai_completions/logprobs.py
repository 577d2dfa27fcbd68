"""Log probabilities as text completions have them: four lists side by side."""

from typing import Any


def regular(logprobs: object) -> dict[str, Any] | None:
    """An upstream's lists, without what does not belong there."""
    if not isinstance(logprobs, dict) or not isinstance(logprobs.get("tokens"), list):
        return None
    kept = {key: value for key, value in logprobs.items() if isinstance(value, list)}
    kept["tokens"] = [token if isinstance(token, str) else "" for token in kept["tokens"]]
    for key, kind in (("token_logprobs", int | float), ("top_logprobs", dict), ("text_offset", int)):
        if key in kept:
            kept[key] = [
                entry if isinstance(entry, kind) and not isinstance(entry, bool) else None for entry in kept[key]
            ]
    if None in kept.get("text_offset", ()):
        del kept["text_offset"]
    return kept


def from_chat(tokens: list[Any], offset: int) -> dict[str, Any]:
    """Chat's list of tokens, which begin at that offset of the text."""
    written: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for token in tokens:
        written["tokens"].append(token["token"])
        written["token_logprobs"].append(token["logprob"])
        written["top_logprobs"].append({other["token"]: other["logprob"] for other in token.get("top_logprobs") or ()})
        written["text_offset"].append(offset)
        offset += len(token["token"])
    return written
