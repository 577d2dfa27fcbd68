"""The hub as a running server is one, byte by byte."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.e2e.wire import Answer, Frame, Wire, ask, frames
from tests.mercure.minting import HUB, SECRET, claims, detail, may, older, pair, sign, topic
from tests.serving import Serving, serving

pytestmark = pytest.mark.slow

PATH = "/.well-known/mercure"
PAGE = "https://app.example"

CONFIG = f"""
[server]
cors_origins = ["{PAGE}"]
[mercure]
key = "{SECRET}"
audience = "{HUB}"
max_update = "4KB"
[store]
path = "memory"
"""

EVERYTHING = may("publish", "subscribe")


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(CONFIG) as server:
        yield server


def bearer(token: str = EVERYTHING) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def publish(server: Serving, *fields: tuple[str, str], headers: Mapping[str, str] | None = None) -> Answer:
    said = {"content-type": "application/x-www-form-urlencoded", **(bearer() if headers is None else headers)}
    return ask(server, PATH, said, "POST", urlencode(fields).encode())


class Listening:
    """A subscriber that has begun to listen."""

    def __init__(self, server: Serving, query: str, headers: Mapping[str, str] | None = None) -> None:
        self.wire = Wire(server)
        self.wire.get(f"{PATH}?{query}", bearer() if headers is None else headers)
        self.head = self.wire.until(b"\r\n\r\n").decode()
        self.wire.until(b": k\n\r\n")

    def next(self) -> Frame:
        """The next event; each comes in a chunk of its own when it is waited for."""
        size = int(self.wire.until(b"\r\n"), 16)
        chunk = self.wire._file.read(size + 2)
        (frame,) = frames(chunk[:size])
        return frame

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()


def test_a_subscriber_comes_back_with_the_id_it_had(server: Serving) -> None:
    with Listening(server, "match=back") as listening:
        assert "mercure-last-event-id: " not in listening.head
        assert publish(server, ("topic", "back"), ("id", "é 1"), ("data", "1")).body == "é 1".encode()
        assert listening.next().data == "1"
    publish(server, ("topic", "back"), ("id", "back-2"), ("data", "2"), ("type", "t"))
    latin = "é 1".encode().decode("latin-1")
    with Listening(server, "match=back&last_event_id=earliest", {**bearer(), "last-event-id": latin}) as listening:
        assert f"mercure-last-event-id: {latin.encode('latin-1').decode()}" in listening.head
        assert listening.next() == Frame("t", "back-2", "2")
    with Listening(server, "match=back&last_event_id=back-2") as listening:
        publish(server, ("topic", "back"), ("data", "3"))
        assert listening.next().data == "3"
    with Listening(server, "match=back&last_event_id=never-was") as listening:
        assert "mercure-last-event-id: earliest" in listening.head


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "invalid_request"),
        ("other=1", 400, "invalid_request"),
        ("match=a&matchRegexp=b", 400, "invalid_request"),
        ("MATCH=a", 400, "invalid_request"),
        ("match_URLPattern=a", 400, "invalid_request"),
        ("match_urlpattern=(", 400, "invalid_matcher"),
        ("match=", 400, "invalid_matcher"),
        ("match=%00", 400, "invalid_matcher"),
        ("match=%FF", 400, "invalid_request"),
        ("&".join(["match=a"] * 51), 400, "too_many_matchers"),
        ("match=a&access_token=x", 400, "token_in_address"),
        ("match=a&authorization=x", 400, "token_in_address"),
    ],
)
def test_subscriptions_that_are_refused(server: Serving, query: str, status: int, code: str) -> None:
    answer = ask(server, f"{PATH}?{query}", bearer())
    assert (answer.status, answer.json()["code"]) == (status, code)


def test_a_head_is_all_that_is_asked_for(server: Serving) -> None:
    answer = ask(server, f"{PATH}?match=a", bearer(), "HEAD")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")


def test_a_token_is_needed(server: Serving) -> None:
    """And nothing more is told of why one is not good enough."""
    for headers, challenge, code in [
        ({}, "Bearer", "missing_token"),
        (bearer("x.y.z"), 'Bearer error="invalid_token"', "invalid_token"),
        (bearer(may("subscribe", exp=1)), 'Bearer error="invalid_token"', "invalid_token"),
        ({"authorization": "Basic x"}, 'Bearer error="invalid_token"', "invalid_token"),
    ]:
        answers = [ask(server, f"{PATH}?match=a", headers), publish(server, ("topic", "a"), headers=headers)]
        for answer in answers:
            assert (answer.status, answer.headers["www-authenticate"], answer.json()["code"]) == (401, challenge, code)


def test_a_token_may_be_for_some_topics(server: Serving) -> None:
    some = may("publish", topics=[topic("mine"), topic("https://e.com/:id", "urlpattern")])
    assert publish(server, ("topic", "mine"), ("topic", "https://e.com/1"), headers=bearer(some)).status == 200
    for topics in [("other",), ("mine", "other")]:
        answer = publish(server, *(("topic", each) for each in topics), headers=bearer(some))
        assert (answer.status, answer.json()["error"]) == (403, "insufficient_scope")
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


def test_what_is_the_hubs_own_is_nobody_elses(server: Serving) -> None:
    answer = publish(server, ("topic", f"https://e.com{PATH}/subscriptions/x"))
    assert (answer.status, answer.json()["code"]) == (403, "reserved_topic")


def test_older_clients_are_understood(server: Serving) -> None:
    token = older(publish=["*"], subscribe=["https://e.com/{what}/2"])
    with Listening(server, "topic=https://e.com/%7Bwhat%7D/2", {"cookie": f"a=b; mercureAuthorization={token}"}) as ear:
        publish(server, ("topic", "https://e.com/x/2"), ("data", "1"), ("private", "on"), headers=bearer(token))
        assert ear.next().data == "1"


def test_cookies(server: Serving) -> None:
    """The header wins over them; and a page that is not trusted cannot publish with them."""
    cookie = {"cookie": f"__Secure-mercure_access_token={EVERYTHING}"}
    with Listening(server, "match=a", {**cookie, "origin": PAGE}) as listening:
        assert "access-control-allow-credentials: true" in listening.head
        assert f"access-control-allow-origin: {PAGE}" in listening.head
    with Listening(server, "match=a", {**cookie, "origin": "https://evil.example"}) as listening:
        assert "access-control-allow" not in listening.head
    assert ask(server, f"{PATH}?match=a", {**cookie, **bearer("x.y.z")}).status == 401
    for origin, status in [(PAGE, 200), ("http://test", 200), ("https://evil.example", 403), ("null", 403), ("", 403)]:
        answer = publish(server, ("topic", "a"), headers={**cookie, **({"origin": origin} if origin else {})})
        assert answer.status == status, origin


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b'{"topic": "a"}', 415),
        ("", b"topic=a", 415),
        ("Application/X-WWW-Form-URLencoded; charset=UTF-8", b"topic=a", 200),
        ("application/x-www-form-urlencoded", b"topic=a&data=" + b"x" * 5000, 413),
        ("application/x-www-form-urlencoded", b"data=x", 400),
        ("application/x-www-form-urlencoded", b"topic=%FF", 400),
    ],
)
def test_forms(server: Serving, kind: str, body: bytes, status: int) -> None:
    answer = ask(server, PATH, {**bearer(), **({"content-type": kind} if kind else {})}, "POST", body)
    assert answer.status == status, answer


def test_a_stream_ends_with_its_token(server: Serving) -> None:
    with Listening(server, "match=a", bearer(may("subscribe", exp=int(time.time()) + 3))) as listening:
        assert listening.wire.until(b"0\r\n\r\n") == b"0\r\n\r\n"


def test_without_a_key_there_is_no_hub() -> None:
    with serving() as server:
        for answer in (ask(server, f"{PATH}?match=a"), publish(server, ("topic", "a"))):
            assert (answer.status, answer.json()["code"]) == (404, "mercure_off")
            assert "[mercure]" in answer.json()["error_description"]


def test_public_keys_and_a_restart(tmp_path: Path) -> None:
    """What was published before is gone, and who comes back is told so. The audience is the address that was asked."""
    private, public = pair()
    config = f'[mercure]\nanonymous = true\npublisher_key = """{public}"""\n'
    fields = (("topic", "a"), ("id", "1"), ("data", "x"))
    with serving(config, folder=tmp_path) as server:
        said = claims(detail("publish"), aud="http://test/.well-known/mercure")
        token = sign(said, private, "RS256")
        with Listening(server, "match=a", {}) as listening:
            assert publish(server, *fields, headers=bearer(token)).status == 200
            assert listening.next().id == "1"
            assert server.stop() == 0
            assert listening.wire.rest() == b"0\r\n\r\n"
    with serving(config, folder=tmp_path) as server:
        assert publish(server, *fields, headers=bearer(sign(said, SECRET))).status == 401
        assert ask(server, f"{PATH}?match=a", bearer()).status == 401, "there is no key for subscribers"
        with Listening(server, "match=a&last_event_id=1", {}) as listening:
            assert "mercure-last-event-id: earliest" in listening.head


def test_who_never_reads_is_sent_away() -> None:
    """And what is kept for it is what is kept for everybody; the others hear everything."""
    config = f'[mercure]\nkey = "{SECRET}"\naudience = "{HUB}"\nhistory = 100\n'
    before = "import headgate.web.exchange as exchange\nexchange.WRITE_LIMIT = 0.2"
    with serving(config, before=before) as server, Wire(server, receive_buffer=4096) as deaf:
        deaf.get(f"{PATH}?match=a", bearer())
        deaf.until(b": k\n\r\n")
        with Listening(server, "match=a") as ear:
            for number in range(200):
                publish(server, ("topic", "a"), ("id", str(number)), ("data", "x" * 100_000))
                assert ear.next().id == str(number)
        try:
            rest = deaf.rest()
        except ConnectionError:
            rest = b""
        assert rest.count(b"id: ") < 190
