"""What a provider of embeddings answers, and a plain client that asks for them."""

import base64
import json
import struct
from typing import Any

from tests.e2e.wire import Answer, ask
from tests.serving import Serving

USAGE = {"prompt_tokens": 3, "total_tokens": 3}


def vector(place: int, value: Any) -> dict[str, Any]:
    return {"object": "embedding", "index": place, "embedding": value}


def listed(*values: Any, **more: Any) -> dict[str, Any]:
    """An answer in OpenAI's form."""
    data = [vector(place, value) for place, value in enumerate(values)]
    return {"object": "list", "data": data, "model": "real-name", "usage": USAGE, **more}


def packed(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def post(server: Serving, body: Any, path: str = "/v1/embeddings", headers: dict[str, str] | None = None) -> Answer:
    return ask(server, path, headers, "POST", body if isinstance(body, bytes) else json.dumps(body).encode())
