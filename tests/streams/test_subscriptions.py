"""Subscriptions at work: who is woken, when, and who is fenced off."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from headgate.errors import HeadgateError, StoreError
from headgate.runs import commit
from headgate.store.memory import MemoryStore
from headgate.store.subscriptions import Link
from headgate.store.subscriptions import Subscription as Kept
from headgate.streams import offset_of
from headgate.streams.waking import Limits, Signer, desk
from headgate.streams.waking.calling import Answered
from headgate.streams.waking.errors import TokenInvalid
from headgate.streams.waking.limits import pause_after
from headgate.streams.waking.tokens import Tokens
from tests.streams.hooks import BROKEN, DONE, HEARD, OWNERS, SECRET, Hooks, Office, office, pull, webhook
from tests.streams.house import SlowStore
from tests.waiting import a_while, until


def refused(error: HeadgateError) -> str:
    return error.code


def wake_of(office: Office) -> tuple[int, int, str]:
    """What whoever was called last says it is about."""
    call = office.hooks.calls[-1]
    _, generation = office.desk.tokens.read("s", call["callback_token"].encode())
    return generation, call["generation"], call["wake_id"]


async def ack(office: Office, *, is_done: bool = True, **acks: str) -> bool:
    """As whoever was called last."""
    said = {name.replace("_", "/"): offset for name, offset in acks.items()}
    return await office.desk.ack("alice", "s", wake_of(office), said, is_done=is_done, is_webhook=True)


async def code_of(deed: Any) -> str:
    """What is said of something that cannot be."""
    with pytest.raises(HeadgateError) as error:
        await deed
    return error.value.code


async def wakes(office: Office) -> list[Any]:
    """What stands on the stream of wakes."""
    stream = await office.library.find("alice", "wakes")
    return [json.loads(line) for line in stream.recent.read(0, stream.shown_end).splitlines()] if stream.shown else []


def test_somebody_is_called_when_something_comes() -> None:
    """Of streams that are meant, also new ones; not of what was there before, nor of another's."""

    async def main() -> None:
        async with office(Hooks(DONE)) as one:
            old = await one.say("events/old", 1, 2)
            await one.subscribe(webhook())
            assert await one.acked() == {"events/old": offset_of(old.shown_end)}
            await one.say("other/x", 1)
            await one.say("events/x", 1, owner="bob")
            new = await one.say("events/new", 1)
            await until(lambda: len(one.hooks.calls) == 1)
            (call,) = one.hooks.calls
            assert (call["subscription_id"], call["generation"]) == ("s", 1)
            assert call["callback_url"] == "https://gate.example/v1/stream/__ds/subscriptions/s/callback"
            pending, other = call["streams"]
            tail = offset_of(new.shown_end)
            assert pending == {
                "path": "events/new",
                "link_type": "glob",
                "acked_offset": "-1",
                "tail_offset": tail,
                "has_pending": True,
            }
            assert (other["path"], other["has_pending"]) == ("events/old", False)
            await until(lambda: one.desk.find("alice", "s").state.wake is None)
            assert (await one.acked())["events/new"] == tail
            await a_while()
            assert len(one.hooks.calls) == 1

    asyncio.run(main())


def test_a_stream_that_is_made_empty_wakes_nobody() -> None:
    """There is nothing to be done, neither for the next process."""
    store = MemoryStore()

    async def main() -> None:
        async with office(store=store) as one:
            await one.subscribe(webhook())
            await one.say("events/empty")
            await a_while()
            assert one.hooks.calls == []
        async with office(store=store) as other:
            await a_while()
            assert other.hooks.calls == []
            await other.say("events/empty", 1)
            await until(lambda: len(other.hooks.calls) == 1)

    asyncio.run(main())


def test_what_comes_meanwhile_makes_another_wake() -> None:
    """One at a time; whoever is done is told."""

    async def main() -> None:
        async with office() as one:
            await one.subscribe(webhook())
            first = await one.say("events/a", 1)
            await until(lambda: len(one.hooks.calls) == 1)
            seen = offset_of(first.shown_end)
            await one.say("events/a", 2)
            await a_while()
            assert len(one.hooks.calls) == 1
            assert await ack(one, is_done=False) is False
            assert await ack(one, events_a=seen) is True
            await until(lambda: len(one.hooks.calls) == 2)
            again = one.hooks.calls[1]
            assert (again["generation"], again["streams"][0]["acked_offset"]) == (2, seen)
            assert again["wake_id"] != one.hooks.calls[0]["wake_id"]
            assert await ack(one, events_a=offset_of(first.shown_end)) is False

    asyncio.run(main())


def test_who_is_late_is_fenced_off() -> None:
    """With an old token, an old generation, another wake, after the end, and after the subscription's."""

    async def main() -> None:
        async with office() as one:
            await one.subscribe(webhook())
            stream = await one.say("events/a", 1)
            await until(lambda: len(one.hooks.calls) == 1)
            tail = {"events/a": offset_of(stream.shown_end)}
            right = wake_of(one)
            token, generation, wake = right
            for wrong in ((token + 1, generation, wake), (token, generation + 1, wake), (token, generation, "w_x")):
                deed = one.desk.ack("alice", "s", wrong, tail, is_done=True, is_webhook=True)
                assert await code_of(deed) == "FENCED"
            assert await one.acked() == {"events/a": "-1"}
            assert await ack(one, events_a=tail["events/a"]) is False
            assert await code_of(ack(one, events_a=tail["events/a"])) == "FENCED"
            await one.say("events/a", 2)
            await until(lambda: len(one.hooks.calls) == 2)
            deed = one.desk.ack("alice", "s", right, tail, is_done=True, is_webhook=True)
            assert await code_of(deed) == "FENCED"
            await one.desk.delete("alice", "s")
            assert await code_of(ack(one)) == "SUBSCRIPTION_NOT_FOUND"

    asyncio.run(main())


def test_what_cannot_be_acknowledged_changes_nothing() -> None:
    """More than there is, what is no offset, and streams of others; all or nothing."""

    async def main() -> None:
        async with office() as one:
            await one.subscribe(webhook())
            stream = await one.say("events/a", 1)
            await until(lambda: len(one.hooks.calls) == 1)
            tail = offset_of(stream.shown_end)
            assert await code_of(ack(one, events_a=offset_of(stream.shown_end + 1))) == "INVALID_OFFSET"
            assert await code_of(ack(one, events_a="7")) == "INVALID_REQUEST"
            assert await code_of(ack(one, events_a=tail, events_b=tail)) == "INVALID_REQUEST"
            assert await one.acked() == {"events/a": "-1"}
            assert await ack(one, is_done=False, events_a=tail) is False
            await ack(one, is_done=False, events_a="-1")
            assert await one.acked() == {"events/a": tail}

    asyncio.run(main())


def test_silence_ends_a_wake() -> None:
    """Somebody else is called, and the one who was silent comes too late."""

    async def main() -> None:
        async with office() as one:
            await one.subscribe(webhook(lease=0.02))
            await one.say("events/a", 1)
            await until(lambda: len(one.hooks.calls) >= 3)
            generations = [call["generation"] for call in one.hooks.calls]
            assert generations == sorted(set(generations))

    asyncio.run(main())


def test_who_does_not_hear_is_called_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same wake, until somebody does; whoever looks sees that it failed."""
    monkeypatch.setattr(desk, "pause_after", lambda failures, chance: 0.01)

    async def main() -> None:
        async with office(Hooks(BROKEN, BROKEN, BROKEN, HEARD)) as one:
            await one.subscribe(webhook())
            await one.say("events/a", 1)
            await until(lambda: one.desk.find("alice", "s").state.failures)
            await until(lambda: len(one.hooks.calls) == 4)
            assert {(call["generation"], call["wake_id"]) for call in one.hooks.calls} == {(1, wake_of(one)[2])}
            await until(lambda: not one.desk.find("alice", "s").state.failures)
            assert await ack(one) is True

    asyncio.run(main())


def test_pauses_grow_to_a_minute() -> None:
    assert [pause_after(failures, 0.5) for failures in (1, 2, 3, 6, 7, 50)] == [1, 2, 4, 32, 60, 60]
    assert (pause_after(1, 0.0), pause_after(1, 1.0)) == pytest.approx((0.8, 1.2))


def test_wakes_are_written_and_claimed() -> None:
    """By one worker at a time; what it gives back is another's."""

    async def main() -> None:
        async with office() as one:
            await one.say("wakes")
            await one.subscribe(pull("**"))
            stream = await one.say("events/a", 1)
            await until(lambda: stream.head.name == "events/a" and one.desk.find("alice", "s").state.wake)
            claimed = await one.desk.claim("alice", "s", "w1")
            (told,) = claimed.told()
            assert (told.link.stream, told.tail) == ("events/a", offset_of(stream.shown_end))
            state = claimed.state
            wake = (state.generation, state.generation, str(state.wake))
            assert await code_of(one.desk.claim("alice", "s", "w2")) == "ALREADY_CLAIMED"
            await one.desk.release("alice", "s", wake)
            assert await code_of(one.desk.release("alice", "s", wake)) == "FENCED"
            state = (await one.desk.claim("alice", "s", "w2")).state
            assert state.generation == 2
            wake = (2, 2, str(state.wake))
            done = {"events/a": offset_of(stream.shown_end)}
            assert not await one.desk.ack("alice", "s", wake, done, is_done=True, is_webhook=False)
            assert await code_of(one.desk.claim("alice", "s", "w1")) == "NO_PENDING_WORK"
            await a_while()
            told_of = [(said["type"], said["subscription_id"], said["generation"]) for said in await wakes(one)]
            assert told_of[:2] == [("wake", "s", 1), ("wake", "s", 2)]
            assert "wakes" not in await one.acked()

    asyncio.run(main())


def test_a_worker_that_is_silent_loses_its_work() -> None:
    """And another wake is written, for others to come."""

    async def main() -> None:
        async with office() as one:
            await one.say("wakes")
            await one.subscribe(pull(lease=0.02))
            await one.say("events/a", 1)
            state = (await one.desk.claim("alice", "s", "w1")).state
            await until(lambda: one.desk.find("alice", "s").state.generation > state.generation)
            wake = (state.generation, state.generation, str(state.wake))
            deed = one.desk.ack("alice", "s", wake, {}, is_done=False, is_webhook=False)
            assert await code_of(deed) == "FENCED"

    asyncio.run(main())


def test_a_wake_that_cannot_be_written_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until somebody has made the stream for it."""
    monkeypatch.setattr(desk, "pause_after", lambda failures, chance: 0.01)

    async def main() -> None:
        async with office() as one:
            await one.subscribe(pull())
            await one.say("events/a", 1)
            await until(lambda: one.desk.find("alice", "s").state.failures > 1)
            stream = await one.say("wakes")
            await until(lambda: stream.shown)
            await until(lambda: not one.desk.find("alice", "s").state.failures)

    asyncio.run(main())


def test_what_was_deleted_needs_nobody() -> None:
    """And what is made there again is new, for those who come later, too."""

    async def main() -> None:
        async with office() as one:
            await one.say("wakes")
            await one.subscribe(pull())
            stream = await one.say("events/a", 1, 2, 3)
            await until(lambda: one.desk.find("alice", "s").state.wake)
            await one.library.remove(stream)
            await until(lambda: one.desk.find("alice", "s").state.wake is None)
            assert await code_of(one.desk.claim("alice", "s", "w1")) == "NO_PENDING_WORK"
            await one.say("events/a", 4)
            await until(lambda: one.desk.find("alice", "s").state.generation == 2)
            assert await one.acked() == {"events/a": "-1"}

    asyncio.run(main())


def test_streams_are_asked_for_by_name() -> None:
    """From now on; who no longer asks for one that the pattern means goes on with it."""

    async def main() -> None:
        async with office() as one:
            await one.say("x", 1)
            await one.subscribe(webhook("events/*", "later"))
            before = await one.say("events/a")
            await one.desk.add("alice", "s", ["x", "events/a"])
            links = one.desk.find("alice", "s").links
            assert {name: link.is_explicit for name, link in links.items()} == {"later": 1, "x": 1, "events/a": 1}
            await a_while()
            assert one.hooks.calls == []
            for name in ("x", "events/a", "x", "unknown"):
                await one.desk.remove("alice", "s", name)
            assert {name: link.is_explicit for name, link in links.items()} == {"later": True, "events/a": False}
            await one.say("x", 2)
            await a_while()
            assert one.hooks.calls == []
            await one.say("later", 1)
            await until(lambda: len(one.hooks.calls) == 1)
            assert one.hooks.calls[0]["streams"][0]["path"] == "later"
            assert before.shown_end == 0

    asyncio.run(main())


def test_the_next_process_goes_on() -> None:
    """What was done stays done; what was not is somebody's again, also what came in between."""
    store = MemoryStore()

    async def main() -> None:
        async with office(Hooks(DONE), store) as one:
            await one.subscribe(webhook("events/*"))
            await one.subscribe(pull("jobs/*"), "p")
            await one.say("wakes")
            await one.say("events/a", 1)
            await until(lambda: "events/a" in one.desk.find("alice", "s").tails)
            await until(lambda: one.desk.find("alice", "s").state.generation)
            await until(lambda: one.desk.find("alice", "s").state.wake is None)
            await one.say("jobs/a", 1)
            held = (await one.desk.claim("alice", "p", "w1")).state
        async with office(Hooks(), store) as other:
            await a_while()
            assert other.hooks.calls == []
            stream = await other.say("jobs/a")
            wake = (held.generation, held.generation, str(held.wake))
            done = {"jobs/a": offset_of(stream.shown_end)}
            assert not await other.desk.ack("alice", "p", wake, done, is_done=True, is_webhook=False)
            await other.say("events/a", 2)
            await other.say("events/b", 1)
            await until(lambda: other.hooks.calls)
        async with office(Hooks(), store, now=lambda: 10**10) as third:
            # The lease of the last process's wake is over by now.
            await until(lambda: third.hooks.calls)
            call = third.hooks.calls[0]
            assert {each["path"] for each in call["streams"] if each["has_pending"]} >= {"events/a", "events/b"}
            assert call["generation"] == 3

    asyncio.run(main())


def test_a_wake_that_nobody_came_for_is_written_again() -> None:
    """The last process may not have come to it."""
    store = MemoryStore()

    async def main() -> None:
        async with office(store=store) as one:
            await one.say("wakes")
            await one.subscribe(pull())
            await one.say("events/a", 1)
            stream = await one.library.find("alice", "wakes")
            await until(lambda: stream.shown)
        async with office(store=store) as other:
            again = await other.library.find("alice", "wakes")
            before = stream.shown_end
            await until(lambda: again.shown_end > before)

    asyncio.run(main())


def test_a_stream_of_the_same_name_is_not_the_one_that_was_done() -> None:
    """Also when both happened while the store kept nothing of it."""

    class Forgetful(MemoryStore):
        forgets = False

        @override
        async def keep_subscription(
            self, subscription: Kept, links: Sequence[Link] = (), unlinked: Sequence[str] = ()
        ) -> None:
            if self.forgets:
                raise StoreError("The store cannot be written.")
            await super().keep_subscription(subscription, links, unlinked)

    store = Forgetful()

    async def main() -> None:
        async with office(Hooks(DONE), store) as one:
            await one.subscribe(webhook())
            stream = await one.say("events/a", "a long one")
            await until(lambda: one.desk.find("alice", "s").links["events/a"].acked != "-1")
            store.forgets = True
            await one.library.remove(stream)
            await one.say("events/a", 1)
            await a_while()
        store.forgets = False
        async with office(Hooks(), store) as other:
            await until(lambda: other.hooks.calls)
            assert other.hooks.calls[0]["streams"][0]["acked_offset"] == "-1"

    asyncio.run(main())


def test_what_is_not_kept_did_not_happen() -> None:
    """Whoever was told that it failed may try it again."""

    class Refusing(MemoryStore):
        refuses = False

        @override
        async def keep_subscription(
            self, subscription: Kept, links: Sequence[Link] = (), unlinked: Sequence[str] = ()
        ) -> None:
            if self.refuses:
                raise StoreError("The store cannot be written.")
            await super().keep_subscription(subscription, links, unlinked)

    store = Refusing()

    async def main() -> None:
        async with office(Hooks(), store) as one:
            await one.subscribe(webhook())
            stream = await one.say("events/a", 1)
            await until(lambda: len(one.hooks.calls) == 1)
            store.refuses = True
            tail = offset_of(stream.shown_end)
            assert await code_of(ack(one, events_a=tail)) == "store_unavailable"
            assert await one.acked() == {"events/a": "-1"}
            assert await code_of(one.desk.make("alice", "t", webhook(), "")) == "store_unavailable"
            assert await code_of(one.desk.add("alice", "s", ["x"])) == "store_unavailable"
            store.refuses = False
            assert "x" not in await one.acked()
            assert await ack(one, events_a=tail) is False
            await one.subscribe(webhook(), "t")

    asyncio.run(main())


def test_the_same_is_made_once_and_another_not_at_all() -> None:
    """Also when both are asked for at once."""

    class Slow(MemoryStore):
        @override
        async def stream_ends(self, owner: str) -> list[tuple[str, int]]:
            await asyncio.sleep(0)
            return await super().stream_ends(owner)

    async def main() -> None:
        async with office(store=Slow(), limits=Limits(subscriptions=2, links=2)) as one:
            made = await asyncio.gather(*(one.desk.make("alice", "s", webhook(), "") for _ in range(5)))
            assert sorted(is_new for _, is_new in made) == [False] * 4 + [True]
            assert await code_of(one.desk.make("alice", "s", webhook("x/*"), "")) == "SUBSCRIPTION_ALREADY_EXISTS"
            await one.subscribe(webhook("x/*"), "t")
            assert await code_of(one.desk.make("alice", "u", webhook(), "")) == "TOO_MANY_SUBSCRIPTIONS"
            await one.subscribe(webhook(), owner="bob")
            assert await code_of(one.desk.add("alice", "s", ["a", "b", "c"])) == "INVALID_REQUEST"
            for name in ("events/a", "events/b", "events/c"):
                await one.say(name, 1)
            await until(lambda: len(one.desk.find("alice", "s").links) == 2)
            await one.desk.delete("alice", "t")
            assert await code_of(one.desk.make("alice", "t", webhook(None, "a", "b", "c"), "")) == "INVALID_REQUEST"
            with pytest.raises(HeadgateError) as unknown:
                one.desk.find("bob", "t")
            assert refused(unknown.value) == "SUBSCRIPTION_NOT_FOUND"

    asyncio.run(main())


def test_a_subscription_that_is_full_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """Not with every message on a stream that it has no room for."""

    async def main() -> None:
        async with office(Hooks(DONE), limits=Limits(links=1)) as one:
            await one.subscribe(webhook())
            for name in ("events/a", "events/b", "events/b", "events/c"):
                await one.say(name, 1)
            assert list(await one.acked()) == ["events/a"]

    asyncio.run(main())
    assert [record.message for record in caplog.records if "it may have" in record.message] == [
        "The subscription 's' has all the streams it may have."
    ]


def test_a_token_is_good_for_one_generation_of_one_subscription() -> None:
    """Of an owner that there still is."""
    tokens = Tokens(lambda: SECRET, OWNERS)
    token = tokens.make("alice", "s", 7).encode()
    assert tokens.read("s", token) == ("alice", 7)
    changed = bytes([*token[:-3], token[-3] ^ 1, *token[-2:]])
    others = Tokens(lambda: b"t" * 32, OWNERS), Tokens(lambda: SECRET, ("bob",))
    for reader, id, said in (
        (tokens, "t", token),
        (tokens, "s", changed),
        (tokens, "s", b""),
        (tokens, "s", b"x" * 70),
        (tokens, "s", "ž".encode()),
        (others[0], "s", token),
        (others[1], "s", token),
    ):
        with pytest.raises(TokenInvalid):
            reader.read(id, said)


def test_nobody_signs_in_anothers_name() -> None:
    """Each owner has a key of its own, the same in every process of the same store."""
    one, two = Signer(lambda: SECRET), Signer(lambda: SECRET)
    assert one.public("alice") == two.public("alice") != one.public("bob")
    assert one.public("alice") != Signer(lambda: b"t" * 32).public("alice")
    assert one.sign("alice", 5, b"x") == two.sign("alice", 5, b"x")
    assert one.sign("alice", 5, b"x") != one.sign("alice", 6, b"x")
    assert one.sign("alice", 5, b"x").startswith(f"t=5,kid={one.public('alice').kid},ed25519=")


def test_a_name_goes_before_a_pattern() -> None:
    """A stream that is asked for both ways was asked for by its name."""

    async def main() -> None:
        async with office() as one:
            await one.say("events/a", 1)
            await one.subscribe(webhook("events/*", "events/a"))
            assert one.desk.find("alice", "s").links["events/a"].is_explicit
            await one.desk.remove("alice", "s", "events/a")
            assert not one.desk.find("alice", "s").links["events/a"].is_explicit

    asyncio.run(main())


def test_an_answer_that_comes_after_the_callback_says_nothing() -> None:
    """Neither that it failed, nor that what came since is done."""

    class Hasty(Hooks):
        """Calls back before it answers the first two calls, and is called again for what came meanwhile."""

        office: Office

        @override
        async def __call__(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answered:
            answer = await super().__call__(url, headers, body)
            if len(self.calls) < 3:
                call = self.calls[-1]
                await self.office.say("events/a", len(self.calls))
                await ack(self.office, events_a=call["streams"][0]["tail_offset"])
            return answer

    async def main() -> None:
        hooks = Hasty(DONE, BROKEN, HEARD)
        async with office(hooks) as one:
            hooks.office = one
            await one.subscribe(webhook())
            stream = await one.say("events/a", 0)
            await until(lambda: len(hooks.calls) == 3)
            await a_while()
            state = one.desk.find("alice", "s").state
            assert (state.generation, state.failures, state.wake) == (3, 0, hooks.calls[2]["wake_id"])
            assert (await one.acked())["events/a"] < offset_of(stream.shown_end)

    asyncio.run(main())


def test_a_stream_that_could_not_be_deleted_stays_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far somebody is with it is not forgotten."""
    monkeypatch.setattr(commit, "RETRIES", (0.0,))
    store = SlowStore()

    async def main() -> None:
        async with office(Hooks(DONE), store) as one:
            await one.subscribe(webhook())
            stream = await one.say("events/a", 1)
            tail = offset_of(stream.shown_end)
            await until(lambda: one.desk.find("alice", "s").links["events/a"].acked == tail)
            store.refuses = 100
            assert await code_of(one.library.remove(stream)) == "store_unavailable"
            store.refuses = 0
            await a_while()
            assert await one.acked() == {"events/a": tail}

    asyncio.run(main())
