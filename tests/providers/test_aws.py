"""Signing for Amazon: where credentials come from is asked rarely, beside the event loop, and by one for all."""

import asyncio
import threading
from collections.abc import Callable
from typing import NamedTuple

import pytest
from typing_extensions import override

from headgate.errors import ProviderError
from headgate.providers import aws
from headgate.providers.aws import Held, Signer

URL = "https://bedrock-runtime.eu-north-1.amazonaws.com/model/m/converse"


class Frozen(NamedTuple):
    """Credentials of one moment, as the library gives them."""

    access_key: str
    secret_key: str = "secret"
    token: str | None = "token"


class Source:
    """Gives credentials that end, and counts how often it was asked."""

    def __init__(self, *, ends_in: int | None = None) -> None:
        self.ends_in = ends_in
        """Seconds until their end; None when they have none."""
        self.found = self.frozen = 0
        self.threads: set[int] = set()
        self.gate = threading.Event()
        """Whoever asks for credentials waits for it."""
        self.gate.set()
        self.fails: Exception | None = None

    def find(self) -> Held | None:
        """As the library's session."""
        self.found += 1
        return self

    def get_frozen_credentials(self) -> Frozen:
        self.threads.add(threading.get_ident())
        assert self.gate.wait(10)
        if self.fails is not None:
            raise self.fails
        self.frozen += 1
        return Frozen(f"KEY{self.frozen}")

    def refresh_needed(self, refresh_in: int | None = None) -> bool:
        """As the library's own credentials: early is a quarter of an hour."""
        return self.ends_in is not None and self.ends_in < (15 * 60 if refresh_in is None else refresh_in)


def signed(headers: list[tuple[str, str]]) -> str:
    """Whose key a request was signed with."""
    return dict(headers)["Authorization"].partition("Credential=")[2].partition("/")[0]


def signer(source: Callable[[], Held | None]) -> Signer:
    return Signer("up", "eu-north-1", source)


async def sign(one: Signer) -> str:
    return signed(await one.sign("POST", URL, b"{}"))


def test_credentials_are_asked_for_once_and_in_a_thread() -> None:
    source = Source()

    async def main() -> list[str]:
        one = signer(source.find)
        crowd = await asyncio.gather(*(sign(one) for _ in range(10)))
        return [*crowd, await sign(one)]

    assert asyncio.run(main()) == ["KEY1"] * 11
    assert (source.found, source.frozen) == (1, 1)
    assert threading.get_ident() not in source.threads


def test_they_are_renewed_in_advance_while_requests_go_on_with_the_old_ones() -> None:
    source = Source(ends_in=3600)

    async def main() -> list[str]:
        one = signer(source.find)
        keys = [await sign(one)]
        source.ends_in = 600
        source.gate.clear()
        keys += [await sign(one), await sign(one)]
        renewal = one._reading
        assert renewal is not None
        source.ends_in = 3600
        source.gate.set()
        await renewal
        return [*keys, await sign(one)]

    assert asyncio.run(main()) == ["KEY1", "KEY1", "KEY1", "KEY2"]
    assert (source.found, source.frozen) == (1, 2)


def test_a_renewal_in_advance_that_fails_is_not_tried_with_every_request() -> None:
    source = Source(ends_in=3600)

    async def main() -> list[str]:
        one = signer(source.find)
        keys = [await sign(one)]
        source.ends_in, source.fails = 600, OSError("no network")
        keys.append(await sign(one))
        assert one._reading is not None
        await one._reading
        return [*keys, await sign(one), await sign(one), "renewing" if one._reading else "at rest"]

    assert asyncio.run(main()) == ["KEY1", "KEY1", "KEY1", "KEY1", "at rest"]


def test_shortly_before_their_end_requests_wait_for_new_ones() -> None:
    source = Source(ends_in=3600)

    async def main() -> list[str]:
        one = signer(source.find)
        keys = [await sign(one)]
        source.ends_in = 60
        source.gate.clear()
        waiting = asyncio.create_task(sign(one))
        await asyncio.sleep(0)
        source.gate.set()
        return [*keys, await waiting]

    assert asyncio.run(main()) == ["KEY1", "KEY2"]


def test_one_renewal_at_a_time_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws, "RENEWAL_PAUSE", -1.0)
    source = Source(ends_in=3600)

    async def main() -> None:
        one = signer(source.find)
        await sign(one)
        source.ends_in = 600
        source.gate.clear()
        await sign(one)
        renewal = one._reading
        await sign(one)
        assert one._reading is renewal
        source.gate.set()
        assert renewal is not None
        await renewal

    asyncio.run(main())


def test_credentials_that_could_not_be_renewed_in_time_are_looked_for_anew() -> None:
    source = Source(ends_in=3600)

    async def main() -> str:
        one = signer(source.find)
        await sign(one)
        source.ends_in, source.fails = 60, OSError("no network")
        with pytest.raises(ProviderError):
            await sign(one)
        source.ends_in, source.fails = 3600, None
        return await sign(one)

    assert asyncio.run(main()) == "KEY2"
    assert source.found == 2


def test_who_leaves_does_not_end_the_search_for_the_others() -> None:
    """And errors that they are told are their own: what is written on one must not be read on another's."""
    source = Source()
    source.gate.clear()

    async def main() -> tuple[str, list[BaseException]]:
        one = signer(source.find)
        first, second = asyncio.create_task(sign(one)), asyncio.create_task(sign(one))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        source.gate.set()
        key = await second
        one.forget()
        source.fails = OSError("no network")
        failed = await asyncio.gather(sign(one), sign(one), return_exceptions=True)
        return key, [each for each in failed if isinstance(each, BaseException)]

    key, (one, other) = asyncio.run(main())
    assert (key, source.found) == ("KEY1", 2)
    assert one is not other


def test_refused_ones_are_forgotten() -> None:
    source = Source()

    async def main() -> list[str]:
        one = signer(source.find)
        keys = [await sign(one)]
        assert set(one.secrets) == {"KEY1", "secret", "token"}
        one.forget()
        assert one.secrets == ()
        return [*keys, await sign(one)]

    assert asyncio.run(main()) == ["KEY1", "KEY2"]
    assert source.found == 2


class Empty(Source):
    """Gives credentials with nothing in them."""

    @override
    def get_frozen_credentials(self) -> Frozen:
        return Frozen("", "")


def missing() -> Held | None:
    raise ModuleNotFoundError("No module named 'botocore'")


def broken() -> Held | None:
    raise RuntimeError("line 3 of the credentials is broken")


@pytest.mark.parametrize(
    ("source", "code", "words"),
    [
        (lambda: None, "no_credentials", "found no AWS credentials"),
        (Empty().find, "no_credentials", "found no AWS credentials"),
        (missing, "missing_library", "scripts/extras bedrock"),
        (broken, "no_credentials", "RuntimeError"),
    ],
)
def test_without_credentials_it_is_said_what_is_missing(
    source: Callable[[], Held | None], code: str, words: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        asyncio.run(sign(signer(source)))
    assert (caught.value.code, caught.value.status) == (code, 503)
    assert words in caught.value.message
    assert "line 3" not in caught.value.message


def test_a_large_body_is_signed_as_a_small_one_is() -> None:
    async def main() -> set[str]:
        one = signer(Source().find)
        bodies = (b"x" * (aws.LARGE + 1), b"x" * aws.LARGE)
        return {signed(await one.sign("POST", URL, body)) for body in bodies}

    assert asyncio.run(main()) == {"KEY1"}
