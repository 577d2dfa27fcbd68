"""Errors: instead of an answer, as its first word, or in the middle of it."""

from typing import Any

from tests.oddities.upstream import HOLD, Play
from tests.oddities.wire import (
    COUNT,
    PIECES,
    ROLE,
    STOP,
    TEXTS,
    Broken,
    Case,
    Cases,
    bent,
    body,
    chunk,
    dump,
    frame,
    frames,
    played,
    refused,
    streamed,
    whole,
)

INNER = {"message": "The model is on fire.", "type": "server_error", "param": None, "code": "on_fire"}
FIRE = {"error": INNER}
SAYS = "The model is on fire."
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1><hr>nginx/1.27</body></html>"
LIMIT = {"message": "Slow down.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}

AT_ONCE: dict[str, tuple[Play, Broken]] = {
    # With a status of its own.
    "400": (
        refused(
            "400 Bad Request",
            {"error": {"message": "Bad n.", "type": "invalid_request_error", "param": "n", "code": None}},
        ),
        Broken(400, kind="invalid_request_error", message="Bad n."),
    ),
    "401": (
        refused("401 Unauthorized", {"error": {**INNER, "code": "invalid_api_key"}}),
        Broken(401, "invalid_api_key"),
    ),
    "403": (refused("403 Forbidden", FIRE), Broken(403, "on_fire", message=SAYS)),
    "404": (refused("404 Not Found", {"error": {**INNER, "code": "model_not_found"}}), Broken(404, "model_not_found")),
    "409": (refused("409 Conflict", FIRE), Broken(409, message=SAYS)),
    "413": (refused("413 Payload Too Large", HTML, kind="text/html"), Broken(413, message="502 Bad Gateway")),
    "422_fastapi": (
        refused(
            "422 Unprocessable Entity", {"detail": [{"loc": ["body", "n"], "msg": "too large", "type": "value_error"}]}
        ),
        Broken(422, message="too large"),
    ),
    "429": (
        refused("429 Too Many Requests", {"error": LIMIT}),
        Broken(429, "rate_limit_exceeded", "requests", "Slow down."),
    ),
    "429_retry_after": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after", "7"),)),
        Broken(429, headers={"retry-after": "7"}),
    ),
    "429_retry_after_zero": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after", "0"),)),
        Broken(429, headers={"retry-after": "1"}),
    ),
    "429_retry_after_fraction": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after", "2.3"),)),
        Broken(429, headers={"retry-after": "3"}),
    ),
    "429_retry_after_ms": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after-ms", "50"),)),
        Broken(429, headers={"retry-after": "1", "retry-after-ms": "50"}),
    ),
    "429_retry_after_both": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after", "2"), ("retry-after-ms", "1500"))),
        Broken(429, headers={"retry-after": "2", "retry-after-ms": "1500"}),
    ),
    "429_retry_after_date": (
        refused(
            "429 Too Many Requests",
            {"error": LIMIT},
            headers=(("date", "Fri, 20 Nov 2026 10:00:00 GMT"), ("retry-after", "Fri, 20 Nov 2026 10:00:09 GMT")),
        ),
        Broken(429, headers={"retry-after": "9"}),
    ),
    "429_retry_after_nonsense": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after", "soon"),)),
        Broken(429, "rate_limit_exceeded"),
    ),
    "429_retry_after_never": (
        refused("429 Too Many Requests", {"error": LIMIT}, headers=(("retry-after", "inf"),)),
        Broken(429, "rate_limit_exceeded"),
    ),
    "429_empty": (refused("429 Too Many Requests", b""), Broken(429, kind="rate_limit_error", message="429")),
    "500": (refused("500 Internal Server Error", FIRE), Broken(500, "on_fire", "server_error", SAYS)),
    "500_empty": (
        refused("500 Internal Server Error", b"", kind=None),
        Broken(500, kind="server_error", message="500"),
    ),
    "500_text": (
        refused("500 Internal Server Error", b"Internal Server Error", kind="text/plain"),
        Broken(500, message="Internal Server Error"),
    ),
    "500_cut": (Play([b'{"error":', HOLD], status="500 Oops"), Broken(504)),
    "502_html": (refused("502 Bad Gateway", HTML, kind="text/html"), Broken(502, message="502 Bad Gateway")),
    "503_retry_after": (
        refused("503 Service Unavailable", FIRE, headers=(("retry-after", "3"),)),
        Broken(503, headers={"retry-after": "3"}),
    ),
    "529_anthropic": (
        refused("529 Overloaded", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        Broken(529, kind="overloaded_error", message="Overloaded"),
    ),
    "error_text": (refused("400 Bad Request", {"error": "No such model."}), Broken(400, message="No such model.")),
    "error_number": (refused("400 Bad Request", {"error": 17}), Broken(400, message="17")),
    "error_flat": (
        refused(
            "400 Bad Request",
            {"object": "error", "message": "No.", "type": "BadRequestError", "param": None, "code": 400},
        ),
        Broken(400, "400", "BadRequestError", "No."),
    ),
    "error_detail": (refused("403 Forbidden", {"detail": "Not for you."}), Broken(403, message="Not for you.")),
    "error_message": (
        refused("401 Unauthorized", {"statusCode": 401, "message": "Access denied."}),
        Broken(401, message="Access denied."),
    ),
    "error_msg": (
        refused("400 Bad Request", {"code": 1211, "msg": "No such model."}),
        Broken(400, "1211", message="No such model."),
    ),
    "error_list": (
        refused("400 Bad Request", [{"error": {"code": 400, "message": "No.", "status": "INVALID_ARGUMENT"}}]),
        Broken(400, message="No."),
    ),
    "error_errors": (
        refused("403 Forbidden", {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}),
        Broken(403, "10000", message="Authentication error"),
    ),
    "error_object_message": (
        refused("400 Bad Request", {"error": {"message": {"text": "No."}}}),
        Broken(400, message="No."),
    ),
    "error_without_message": (
        refused("400 Bad Request", {"error": {"code": "bad"}}),
        Broken(400, "bad", message="400"),
    ),
    "error_empty_object": (refused("400 Bad Request", {}), Broken(400, message="400")),
    "error_null_message": (
        refused("400 Bad Request", {"error": {"message": None, "type": None}}),
        Broken(400, message="400"),
    ),
    "error_json_string": (refused("400 Bad Request", '"No."'), Broken(400, message="No.")),
    "error_as_events": (
        refused("400 Bad Request", frame(FIRE), kind="text/event-stream"),
        Broken(400, "on_fire", message=SAYS),
    ),
    "error_truncated_json": (refused("400 Bad Request", dump(FIRE)[:40].encode()), Broken(400)),
    "error_key_repeated": (
        refused(
            "401 Unauthorized", {"error": {**INNER, "message": "Wrong key: sk-very-secret!", "code": "sk-very-secret"}}
        ),
        Broken(401, "***", message="Wrong key: ***!"),
    ),
    "error_status_odd": (refused("999 What", FIRE), Broken(502, message=SAYS)),
    "redirect": (
        refused("302 Found", b"<html>Moved</html>", kind="text/html", headers=(("location", "https://example.org/"),)),
        Broken(502, message="302"),
    ),
    "redirect_empty": (
        refused("301 Moved Permanently", b"", headers=(("location", "/v1/"),)),
        Broken(502, message="301"),
    ),
    "not_modified": (refused("304 Not Modified", b""), Broken(502, message="304")),
    # Under a 200.
    "html": (body(HTML, kind="text/html"), Broken(502, message="502 Bad Gateway")),
    "html_as_a_stream": (played(HTML), Broken(502, message="502 Bad Gateway")),
    "text": (body(b"Service is sleeping", kind="text/plain"), Broken(502, message="Service is sleeping")),
    "text_as_a_stream": (played(b"upstream connect error or disconnect"), Broken(502)),
    "binary": (body(b"\x00\x01\x02\xff" * 100, kind="application/octet-stream"), Broken(502)),
    "empty": (body(b""), Broken(502, "upstream_empty")),
    "empty_stream": (played(), Broken(502, "upstream_empty")),
    "no_content": (Play([b"HTTP/1.1 204 No Content\r\n\r\n"], framing="raw"), Broken(502, "upstream_empty")),
    "only_done": (streamed(), Broken(502, "upstream_empty")),
    "only_comments": (played(b": hi\n\n" * 3), Broken(502, "upstream_empty")),
    "only_the_role": (streamed(ROLE), Broken(502, "upstream_empty")),
    "only_usage": (streamed(COUNT), Broken(502, "upstream_empty")),
    "json_error": (body(FIRE), Broken(500, "on_fire", message=SAYS)),
    "json_error_as_a_stream": (body(FIRE, kind="text/event-stream"), Broken(500, "on_fire", message=SAYS)),
    "json_of_something_else": (body({"hello": "world"}), Broken(502, "upstream_invalid")),
    "json_without_choices": (body(whole(choices=[])), Broken(502)),
    "json_with_null_choices": (body(whole(choices=None)), Broken(502)),
    "json_truncated": (body(dump(whole())[:80].encode()), Broken(502, "upstream_invalid")),
    "json_message": (
        body({"code": "InvalidModel", "message": "No such model.", "request_id": "r1"}),
        Broken(502, "InvalidModel", message="No such model."),
    ),
    "json_number": (body(b"17"), Broken(502)),
    "garbage": (played(b"data: garbage\n\n"), Broken(502)),
    "another_protocol": (Play([b"SSH-2.0-OpenSSH_9.9\r\n", HOLD], framing="raw"), Broken(502)),
    "closed_without_an_answer": (Play([], framing="raw"), Broken(502)),
    "cut_in_the_head": (Play([b"HTTP/1.1 200 OK\r\ncontent-"], framing="raw"), Broken(502)),
    "huge_head": (Play([b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000], framing="raw"), Broken(502)),
    "unknown_coding": (body(b"abc", headers=(("content-encoding", "br"),)), Broken(502)),
    "not_gzip": (body(b"abc", headers=(("content-encoding", "gzip"),)), Broken(502)),
}


def event(data: Any, name: str = "") -> bytes:
    """An event, maybe with a name."""
    return (f"event: {name}\n" if name else "").encode() + frame(data)


EVENTS: dict[str, tuple[bytes, Broken]] = {
    "error_event": (event(FIRE), Broken(500, "on_fire", "server_error", SAYS)),
    "error_event_named": (event(FIRE, "error"), Broken(500, "on_fire", "server_error", SAYS)),
    "error_event_text": (event({"error": "The model is on fire."}), Broken(502, message=SAYS)),
    "error_event_flat": (event(INNER, "error"), Broken(500, "on_fire", "server_error", SAYS)),
    "error_event_flat_typed": (
        event({"type": "error", "message": SAYS, "code": "on_fire"}),
        Broken(502, "on_fire", message=SAYS),
    ),
    "error_event_vllm": (
        event({"object": "error", "message": SAYS, "type": "InternalServerError", "code": 500}),
        Broken(500, message=SAYS),
    ),
    "error_event_named_text": (event(SAYS, "error"), Broken(502, message=SAYS)),
    "error_event_named_string": (event(f'"{SAYS}"', "error"), Broken(502, message=SAYS)),
    "error_event_named_empty": (event("{}", "error"), Broken(502)),
    "error_event_list": (event([FIRE]), Broken(500, "on_fire", message=SAYS)),
    "error_event_detail": (event({"detail": SAYS}), Broken(502, message=SAYS)),
    "error_event_code_and_message": (event({"code": "on_fire", "message": SAYS}), Broken(502, "on_fire", message=SAYS)),
    "error_event_numeric_code": (event({"error": {"message": SAYS, "code": 503}}), Broken(503, "503", message=SAYS)),
    "error_event_code_as_text": (
        event({"error": {"message": SAYS, "code": "429"}}),
        Broken(429, "429", "rate_limit_error", SAYS),
    ),
    "error_event_rate_limit": (event({"error": LIMIT}), Broken(429, "rate_limit_exceeded", "requests", "Slow down.")),
    "error_event_overloaded": (
        event({"error": {"type": "overloaded_error", "message": SAYS}}),
        Broken(503, message=SAYS),
    ),
    "error_event_bad_request": (
        event({"error": {"message": SAYS, "type": "invalid_request_error", "code": "context_length_exceeded"}}),
        Broken(400, "context_length_exceeded", "invalid_request_error", SAYS),
    ),
    "error_event_gemini": (
        event({"error": {"code": 503, "message": SAYS, "status": "UNAVAILABLE"}}),
        Broken(503, message=SAYS),
    ),
    "error_event_gemini_word": (
        event({"error": {"message": SAYS, "status": "RESOURCE_EXHAUSTED"}}),
        Broken(429, message=SAYS),
    ),
    "error_event_openrouter": (
        event({**chunk({"content": ""}, "error"), "error": {"code": 502, "message": SAYS}}),
        Broken(502, "502", message=SAYS),
    ),
    "error_event_in_the_choice": (
        event(bent(chunk({"content": ""}, "error"), error={"code": 503, "message": SAYS})),
        Broken(503, "503", message=SAYS),
    ),
}

FAILURES: Cases = {
    f"fails_{name}": Case(play, broken, provider="secretive") for name, (play, broken) in AT_ONCE.items()
}
FAILURES["fails_500_cut"] = Case(AT_ONCE["500_cut"][0], Broken(504), provider="impatient")


def in_the_stream(broken: Broken) -> Broken:
    """The same error after some words."""
    return Broken(200, broken.code, broken.kind, broken.message, text=PIECES[0] + PIECES[1])


def after(*steps: bytes) -> Play:
    """Some words, and then this."""
    return played(*frames(ROLE, *TEXTS[:2], done=False), *steps)


FAILURES |= {f"first_{name}": Case(played(said, frame("[DONE]")), broken) for name, (said, broken) in EVENTS.items()}
FAILURES |= {f"early_{name}": Case(played(frame(ROLE), said), broken) for name, (said, broken) in EVENTS.items()}
FAILURES |= {f"late_{name}": Case(after(said), in_the_stream(broken)) for name, (said, broken) in EVENTS.items()}
FAILURES |= {
    "late_error_event_then_done": Case(
        after(event(FIRE), frame("[DONE]")), in_the_stream(Broken(200, "on_fire", message=SAYS))
    ),
    "late_error_event_then_open": Case(
        Play([*after(event(FIRE)).steps, HOLD]), in_the_stream(Broken(200, "on_fire", message=SAYS))
    ),
    "late_error_in_the_same_write": Case(
        Play([b"".join(frames(ROLE, *TEXTS[:2], FIRE))]), in_the_stream(Broken(200, "on_fire", message=SAYS))
    ),
    "late_error_with_words": Case(
        after(event({**TEXTS[2], "error": INNER})), Broken(200, "on_fire", message=SAYS, text="".join(PIECES[:3]))
    ),
    "late_error_after_finish": Case(
        played(*frames(ROLE, *TEXTS, STOP, FIRE)), Broken(200, "on_fire", message=SAYS, text="".join(PIECES))
    ),
    "late_error_without_data": Case(after(dump(FIRE).encode() + b"\n"), in_the_stream(Broken(200))),
    "late_key_repeated": Case(
        after(event({"error": {**INNER, "message": "Wrong key: sk-very-secret!"}})),
        in_the_stream(Broken(200, message="Wrong key: ***!")),
        provider="secretive",
    ),
}
