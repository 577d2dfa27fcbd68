"""Which provider a model's name means."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from headgate.errors import NotFound, ProviderError
from headgate.runs import catalogue as module
from headgate.runs.catalogue import Catalogue
from tests.runs.fakes import Fake, run, turns

ALIASES = {"default": "one/small", "careful": "two/family/large", "gpt-mine": "two/gpt-9"}
OWNED = (("gpt-", "one"), ("accounts/one/", "one"))


def made() -> Catalogue:
    """Two providers that list one model each and share another."""
    one = Fake(name="one", models=["small", "shared", "mistral/tiny"])
    two = Fake(name="two", models=["family/large", "shared", "rare"])
    return Catalogue({"one": one, "two": two}, ALIASES, OWNED)


FOUND = {
    "an_alias": ("default", "one", "small"),
    "an_alias_of_a_name_with_slashes": ("careful", "two", "family/large"),
    "provider_and_model": ("two/rare", "two", "rare"),
    "a_model_that_is_not_listed": ("two/brand-new", "two", "brand-new"),
    "a_model_with_slashes": ("two/family/large", "two", "family/large"),
    "a_known_beginning": ("gpt-8", "one", "gpt-8"),
    "a_known_beginning_with_slashes": ("accounts/one/models/x", "one", "accounts/one/models/x"),
    "an_alias_before_a_beginning": ("gpt-mine", "two", "gpt-9"),
    "listed_by_one": ("rare", "two", "rare"),
    "listed_by_one_with_slashes": ("family/large", "two", "family/large"),
    "listed_under_a_stranger": ("mistral/tiny", "one", "mistral/tiny"),
}


@pytest.mark.parametrize(("name", "provider", "model"), FOUND.values(), ids=FOUND.keys())
def test_a_name_is_found(name: str, provider: str, model: str) -> None:
    """By alias, by provider, by how it begins, by who lists it; the second time as the first."""

    async def play() -> None:
        catalogue = made()
        for _ in range(2):
            target = await catalogue.find(name)
            assert (target.provider.name, target.model) == (provider, model)

    run(play())


@pytest.mark.parametrize("name", ["nothing", "shared", "three/model", "one/", "/small", "", "Default", "small "])
def test_a_name_that_means_nothing_or_two_things_is_not_found(name: str) -> None:
    """The message names the providers and the aliases."""

    async def play() -> None:
        with pytest.raises(NotFound) as raised:
            await made().find(name)
        assert (raised.value.code, raised.value.param) == ("model_not_found", "model")
        for known in ("one", "two", "default", "careful"):
            assert known in raised.value.message

    run(play())


def test_the_listing_has_aliases_first_and_names_that_can_be_asked_for() -> None:
    """Each of them is found again, and means what it says."""

    async def play() -> None:
        catalogue = made()
        listing = await catalogue.listing()
        names = [name for name, _ in listing]
        assert names[:3] == list(ALIASES)
        assert names[3:6] == ["one/small", "one/shared", "one/mistral/tiny"]
        assert names[6:] == ["two/family/large", "two/shared", "two/rare"]
        for name, provider in listing:
            assert (await catalogue.find(name)).provider.name == provider

    run(play())


def test_providers_are_not_asked_for_their_lists_again_and_again() -> None:
    """Names that do not exist cost nothing after the first."""

    async def play() -> None:
        provider = Fake()
        catalogue = Catalogue({"fake": provider}, {}, ())
        for number in range(5):
            with pytest.raises(NotFound):
                await catalogue.find(f"nothing-{number}")
        assert provider.listed == 1

    run(play())


def test_a_crowd_asks_for_a_list_once() -> None:
    """Those who come while it is on its way wait for it."""

    async def play() -> None:
        provider = Slow()
        catalogue = Catalogue({"fake": provider}, {}, ())
        crowd = [asyncio.create_task(catalogue.find("m")) for _ in range(10)]
        await turns()
        provider.may_answer.set()
        assert {target.model for target in await asyncio.gather(*crowd)} == {"m"}
        assert provider.listed == 1

    run(play())


class Slow(Fake):
    """Takes its time to list its models."""

    def __init__(self, name: str = "fake") -> None:
        super().__init__(name=name)
        self.may_answer = asyncio.Event()

    @override
    async def models(self) -> Sequence[str]:
        models = await super().models()
        await self.may_answer.wait()
        return models


class Broken(Fake):
    """Cannot list its models, and says more about it than it should."""

    @override
    async def models(self) -> Sequence[str]:
        await super().models()
        raise ProviderError("wrong key sk-secret", code="invalid_api_key", status=401)


def test_a_provider_that_cannot_list_its_models_does_not_spoil_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """It can still be asked by its name; the log says what is wrong without repeating the provider."""

    async def play() -> None:
        catalogue = Catalogue({"broken": Broken(name="broken"), "fake": Fake()}, {}, ())
        assert (await catalogue.find("m")).provider.name == "fake"
        assert (await catalogue.find("broken/anything")).model == "anything"
        assert [name for name, _ in await catalogue.listing()] == ["fake/m"]

    run(play())
    assert "invalid_api_key" in caplog.text
    assert "secret" not in caplog.text


def test_a_list_that_could_not_be_had_is_asked_for_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider may just be starting; what it listed before is believed meanwhile."""
    monkeypatch.setattr(module, "LISTING_RETRY", 0.0)

    async def play() -> None:
        provider = Broken()
        catalogue = Catalogue({"fake": provider}, {}, ())
        for asked in (1, 2, 3):
            assert await catalogue.listing() == []
            assert provider.listed == asked

    run(play())


def test_a_provider_that_does_not_answer_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is not worth waiting for."""
    monkeypatch.setattr(module, "LISTING_LIMIT", 0.01)

    async def play() -> None:
        catalogue = Catalogue({"slow": Slow("slow"), "fake": Fake()}, {}, ())
        assert (await catalogue.find("m")).provider.name == "fake"

    run(play())


def test_a_fallback_that_is_not_there_is_named() -> None:
    """And not the model, which is."""

    async def play() -> None:
        with pytest.raises(NotFound) as raised:
            await Catalogue({"a": Fake(name="a")}, {"fine": "a/m"}, ()).route("a/m", ["fine", "nope"])
        assert raised.value.param == "fallbacks[1]"

    run(play())


AT_HOME = {
    "a_bare_name": ("gpt-new", "one/gpt-new"),
    "a_name_that_nobody_lists": ("whatever", "two/whatever"),
    "a_name_that_another_lists": ("small", "two/small"),
    "an_alias": ("default", "default"),
    "provider_and_model": ("one/small", "one/small"),
    "a_strangers_slash": ("mistral/tiny", "mistral/tiny"),
    "a_beginning_with_slashes": ("accounts/one/x", "one/accounts/one/x"),
}


@pytest.mark.parametrize(("name", "full"), AT_HOME.values(), ids=AT_HOME.keys())
def test_a_bare_name_means_the_provider_at_home(name: str, full: str) -> None:
    """Unless it begins as another provider's do; where that provider is not there, names stay as they are."""

    async def play() -> None:
        assert made().at_home(name, "two") == full
        assert made().at_home(name, "three") == name

    run(play())


def test_who_lists_a_model() -> None:
    """Under exactly that name; a provider that tells nothing may have any."""

    async def play() -> None:
        catalogue = made()
        assert [target.provider.name for target in await catalogue.listed_by("shared")] == ["one", "two"]
        assert [target.provider.name for target in await catalogue.listed_by("rare")] == ["two"]
        assert await catalogue.listed_by("one/shared") == []
        assert not await catalogue.may_have("one", "rare")
        assert await Catalogue({"mute": Fake(name="mute", models=[])}, {}, ()).may_have("mute", "rare")

    run(play())


def test_an_old_list_is_good_enough_while_a_new_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it but the first who asks; and it is asked for once."""
    monkeypatch.setattr(module, "LISTING_KEPT", 0.0)

    async def play() -> None:
        going = asyncio.Event()
        slow = Held(going)
        catalogue = Catalogue({"held": slow}, {}, ())
        going.set()
        assert len(await catalogue.listed_by("m")) == 1
        going.clear()
        for _ in range(3):
            assert len(await catalogue.listed_by("m")) == 1
            await turns()
        assert slow.listed == 2
        going.set()
        await turns()
        await catalogue.listed_by("m")
        await turns()
        assert slow.listed == 3

    run(play())


class Held(Fake):
    """Lists its models when it is let go."""

    def __init__(self, going: asyncio.Event) -> None:
        super().__init__(name="held")
        self._going = going

    @override
    async def models(self) -> Sequence[str]:
        found = await super().models()
        await self._going.wait()
        return found
