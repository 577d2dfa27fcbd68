"""Upstreams that answer or fail as a test says, and a server that asks them."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
from typing_extensions import override

from tests.serving import Serving, serving

CHAT = "/openai/chat/completions"
HELLO = [{"role": "user", "content": "Who are you?"}]
PATIENCE = 30.0
FORGIVING = """
from headgate.runs import pool
pool.REST = pool.KEY_REST = pool.LIMIT_REST = 0.0
"""
"""Who failed in one test is asked in the next one as if nothing had been."""
CREATED = 1_700_000_000
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


class Company:
    """An upstream that speaks OpenAI's chat; it says its own name, or fails."""

    def __init__(self, name: str, *, models: Sequence[str] = (), own: str = "") -> None:
        self.name, self.models, self.own = name, models, own
        """`own` is the model that it is known by."""
        self.well()
        company = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                company.answer(self)

            @override
            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def well(self) -> None:
        """Forget what it was told and asked."""
        self.fails: tuple[int, str, str] | None = None
        """The status, kind and body of its answers, where they are none."""
        self.breaks = False
        """Whether it hangs up in the middle of an answer."""
        self.more: dict[str, Any] = {}
        """Fields of its own in each answer."""
        self.asked: list[dict[str, Any]] = []

    @contextmanager
    def open(self) -> Iterator[None]:
        """Answer until the end of the `with`."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    @property
    def config(self) -> str:
        """Its section."""
        kind = "" if self.name == "openai" else 'kind = "openai"\n'
        own = f'default_model = "{self.own}"\n' if self.own else ""
        return (
            f'[providers.{self.name}]\n{kind}base_url = "http://127.0.0.1:{self._server.server_address[1]}/v1"\n'
            f'api_key = "sk-of-{self.name}"\nmodels = {json.dumps(list(self.models))}\n{own}'
        )

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        self.asked.append({"path": request.path, **body})
        if self.fails is not None:
            status, kind, said = self.fails
            _send(request, status, kind, said.encode())
        elif body.get("stream"):
            _send(request, 200, "text/event-stream", self._stream(body))
        else:
            _send(request, 200, "application/json", json.dumps(self._whole(body)).encode())

    def _whole(self, body: dict[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": f"I am {self.name}."}
        reason = "stop"
        if body.get("functions"):
            call = {"name": body["functions"][0]["name"], "arguments": '{"city":"Brno"}'}
            message, reason = {"role": "assistant", "content": None, "function_call": call}, "function_call"
        return {
            "id": f"chatcmpl-{self.name}",
            "object": "chat.completion",
            "created": CREATED,
            "model": f"{body['model']}-0613",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": USAGE,
            **self.more,
        }

    def _stream(self, body: dict[str, Any]) -> bytes:
        frame = {"id": f"chatcmpl-{self.name}", "created": CREATED, "model": f"{body['model']}-0613", **self.more}
        frame["object"] = "chat.completion.chunk"
        pieces: list[tuple[dict[str, Any], str | None]] = [
            *(({"content": word}, None) for word in ("I ", "am ", self.name)),
            ({}, "stop"),
        ]
        said = ""
        for delta, reason in pieces[: 2 if self.breaks else None]:
            chunk = {**frame, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            said += f"data: {json.dumps(chunk)}\n\n"
        if not self.breaks:
            said += f"data: {json.dumps({**frame, 'choices': [], 'usage': USAGE})}\n\ndata: [DONE]\n\n"
        return said.encode()


def _send(request: BaseHTTPRequestHandler, status: int, kind: str, body: bytes) -> None:
    request.send_response(status)
    request.send_header("content-type", kind)
    request.send_header("content-length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


class Town:
    """Companies, and a server that asks them."""

    def __init__(self, server: Serving, companies: Sequence[Company]) -> None:
        self.server = server
        self.companies = {company.name: company for company in companies}
        self._http = httpx2.Client(base_url=server.url, timeout=PATIENCE)

    def __getitem__(self, name: str) -> Company:
        return self.companies[name]

    def post(self, path: str = CHAT, /, headers: Mapping[str, str] | None = None, **fields: Any) -> httpx2.Response:
        """Ask for a chat."""
        return self._http.post(path, json={"messages": HELLO, **fields}, headers=headers)

    def pieces(self, **fields: Any) -> Iterator[str]:
        """A stream as it comes; raises when it is cut."""
        with self._http.stream("POST", CHAT, json={"messages": HELLO, "stream": True, **fields}) as answer:
            yield from answer.iter_text()

    def get(self, path: str) -> httpx2.Response:
        """Look something up."""
        return self._http.get(path)

    def chunks(self, path: str = CHAT, /, **fields: Any) -> list[Any]:
        """The chunks of a stream that ends as it should."""
        answer = self.post(path, stream=True, **fields)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        blocks = answer.text.split("\n\n")
        assert blocks[-2:] == ["data: [DONE]", ""]
        return [json.loads(block.removeprefix("data: ")) for block in blocks[:-2] if not block.startswith(":")]

    def asked(self) -> dict[str, list[str]]:
        """Which models everybody was asked for since they were well."""
        return {name: [one["model"] for one in each.asked] for name, each in self.companies.items() if each.asked}

    def well(self) -> None:
        """Nobody fails."""
        for company in self.companies.values():
            company.well()

    def close(self) -> None:
        """Hang up."""
        self._http.close()


@contextmanager
def town(*companies: Company, config: str = "") -> Iterator[Town]:
    """A server that has these providers, in this order."""
    with ExitStack() as stack:
        for company in companies:
            stack.enter_context(company.open())
        sections = "\n".join(company.config for company in companies)
        server = stack.enter_context(serving(f"{sections}\n{config}", before=FORGIVING))
        made = Town(server, companies)
        stack.callback(made.close)
        yield made
