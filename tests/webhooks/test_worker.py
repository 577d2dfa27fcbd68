"""Deliveries, from the outbox to receivers that behave and to those that do not."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from typing_extensions import override

from headgate.errors import StoreError
from headgate.net import Client
from headgate.runs import Run
from headgate.store.base import Delivery, Hook, Try
from headgate.store.memory import MemoryStore
from headgate.webhooks import Addressing, Message, Poster, SigningSecret, message_id
from headgate.webhooks.lanes import MAX_LINE, PER_HOST
from headgate.webhooks.worker import BATCH
from tests.waiting import until

from .office import START, Office, office, plain, play
from .receiver import Receiver, answering, hanging

HOUR = 3600.0
SMALL_BATCH, SHORT_LINE = 100, 50


def to(receiver: Receiver, kind: str = "run") -> Hook:
    return Hook(receiver.url, kind)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for tries that hang, nor long for the rest of an answer or a store that refuses."""
    monkeypatch.setattr("headgate.webhooks.worker.LAST_TRIES", 0.01)
    monkeypatch.setattr("headgate.webhooks.worker.STORE_REST", 0.01)
    monkeypatch.setattr("headgate.webhooks.posting.REST_SECONDS", 0.1)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that are sooner reached."""
    monkeypatch.setattr("headgate.webhooks.worker.BATCH", SMALL_BATCH)
    monkeypatch.setattr("headgate.webhooks.lanes.MAX_LINE", SHORT_LINE)


def test_the_end_of_a_run_is_told_at_once_and_once() -> None:
    async def test() -> None:
        async with Receiver() as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            done = await at_work.tried(run, 1)
            assert (done.status, done.due, done.note) == ("delivered", None, "answered 200")
            (post,) = receiver.posts
            assert post.line == "POST /hook HTTP/1.1"
            assert post.body == run.encode()
            assert post.headers["content-type"] == "text/plain"
            assert post.headers["user-agent"] == "headgate-webhooks"
            (tried,) = await at_work.store.tries(done.id)
            assert (tried.at, tried.status, tried.error) == (START, 200, "")
            assert 0 < tried.seconds < 5

    play(test())


def test_a_message_is_signed_with_its_owners_secret() -> None:
    async def test() -> None:
        async with Receiver() as receiver, office() as at_work:
            for owner in ("alice", "bob"):
                run = await at_work.end_run(to(receiver), owner=owner)
                await receiver.wait_for(1)
                delivery = await at_work.delivery(run, owner)
                post = receiver.posts.pop()
                secret = SigningSecret.derived(at_work.store.secret, owner)
                assert post.headers["webhook-id"] == message_id(delivery)
                assert post.headers["webhook-timestamp"] == str(int(START))
                assert post.headers["webhook-signature"] == secret.sign(message_id(delivery), int(START), post.body)

    play(test())


def test_configured_secrets_go_before_derived_ones() -> None:
    async def test() -> None:
        new, old = SigningSecret(b"n" * 32), SigningSecret(b"o" * 32)
        async with Receiver() as receiver, office(secrets=[new, old]) as at_work:
            run = await at_work.end_run(to(receiver))
            (post,) = await receiver.wait_for(1)
            id = message_id(await at_work.delivery(run))
            signatures = [secret.sign(id, int(START), post.body) for secret in (new, old)]
            assert post.headers["webhook-signature"] == " ".join(signatures)

    play(test())


def test_a_receiver_that_fails_all_night_is_tried_all_night_and_then_given_up() -> None:
    async def test() -> None:
        async with Receiver(answering(500)) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            for number in range(1, 17):
                waiting = await at_work.tried(run, number)
                assert (waiting.status, waiting.note) == ("waiting", "answered 500")
                at_work.pass_until(waiting.due)
            last = await at_work.tried(run, 17)
            assert (last.status, last.due) == ("given_up", None)
            assert 11 * HOUR < at_work.now - START < 13 * HOUR
            assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1
            assert len({post.headers["webhook-signature"] for post in receiver.posts}) == 17
            tries = await at_work.store.tries(last.id)
            assert [each.status for each in tries] == [500] * 17
            assert tries[-1].at == at_work.now

    play(test())


def test_a_receiver_that_comes_back_gets_what_it_missed() -> None:
    async def test() -> None:
        receiver = Receiver()
        async with receiver:
            pass
        async with office() as at_work:
            run = await at_work.end_run(to(receiver))
            waiting = await at_work.tried(run, 1)
            assert waiting.note == f"Could not connect to 127.0.0.1:{receiver.port}: connection refused."
            async with receiver:
                at_work.pass_until(waiting.due)
                assert (await at_work.tried(run, 2)).status == "delivered"

    play(test())


def test_nothing_is_tried_before_its_time() -> None:
    async def test() -> None:
        async with Receiver(answering(500)) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            waiting = await at_work.tried(run, 1)
            at_work.pass_until((waiting.due or 0) - 0.001)
            other = await at_work.end_run(to(receiver))
            await at_work.tried(other, 1)
            assert (await at_work.delivery(run)).tries == 1

    play(test())


def test_retry_after_is_honoured() -> None:
    async def test() -> None:
        for status in (429, 503):
            async with Receiver(answering(status, "retry-after: 600\r\n")) as receiver, office() as at_work:
                run = await at_work.end_run(to(receiver))
                assert (await at_work.tried(run, 1)).due == START + 600

    play(test())


def test_gone_is_gone() -> None:
    async def test() -> None:
        async with Receiver(answering(410)) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            assert (await at_work.tried(run, 1)).status == "given_up"

    play(test())


def test_a_redirect_is_not_followed() -> None:
    async def test() -> None:
        async with Receiver() as secret:
            for where in (secret.url, "http://169.254.169.254/latest/meta-data/"):
                for status in (301, 302, 303, 307, 308):
                    redirecting = Receiver(answering(status, f"location: {where}\r\n"))
                    async with redirecting as receiver, office() as at_work:
                        run = await at_work.end_run(to(receiver))
                        waiting = await at_work.tried(run, 1)
                        assert waiting.status == "waiting"
                        assert waiting.note == f"answered {status}, and redirects are not followed"
            assert secret.posts == []

    play(test())


def test_an_address_that_is_not_allowed_is_not_asked() -> None:
    async def test() -> None:
        async with Receiver() as receiver, office(allow=()) as at_work:
            for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
                run = await at_work.end_run(Hook(f"http://{host}:{receiver.port}/", "run"))
                waiting = await at_work.tried(run, 1)
                assert waiting.status == "waiting"
                assert waiting.note.endswith("its address is not an allowed one.")
            assert receiver.posts == []

    play(test())


def test_a_url_that_is_none_does_no_harm() -> None:
    async def test() -> None:
        async with Receiver() as receiver, office() as at_work:
            for url in ("", "nonsense", "http://[::1", "http://user:secret@127.0.0.1/", "ftp://one.test/"):
                run = await at_work.end_run(Hook(url, "run"))
                waiting = await at_work.tried(run, 1)
                assert waiting.note.startswith("not sent: ")
                assert "secret" not in waiting.note
            assert (await at_work.tried(await at_work.end_run(to(receiver)), 1)).status == "delivered"

    play(test())


def test_a_receiver_that_hangs_is_left_after_a_while() -> None:
    async def test() -> None:
        async with Receiver(hanging) as receiver, office(seconds=0.1) as at_work:
            run = await at_work.end_run(to(receiver))
            waiting = await at_work.tried(run, 1)
            assert (waiting.status, waiting.note) == ("waiting", "no answer within 0.1 s")

    play(test())


def test_a_receiver_that_hangs_delays_nobody_else(few: None, hurried: None) -> None:
    async def test() -> None:
        async with Receiver(hanging) as slow, Receiver() as quick, office(seconds=600.0) as at_work:
            stuck = [await at_work.end_run(to(slow)) for _ in range(SHORT_LINE + SMALL_BATCH + 20)]
            await slow.wait_for(PER_HOST)
            run = await at_work.end_run(to(quick))
            assert (await at_work.tried(run, 1)).status == "delivered"
            assert len(slow.posts) == slow.most_at_once == PER_HOST
            # Those that would hide others are put off, and lose nothing by it.
            await at_work.until(stuck[SMALL_BATCH - 1], lambda delivery: (delivery.due or 0) > START)
            assert {(await at_work.delivery(each)).status for each in stuck} == {"waiting"}

    play(test())


def test_a_crowd_is_delivered_whole(few: None) -> None:
    async def test() -> None:
        async with Receiver() as receiver, office() as at_work:
            runs = [await at_work.end_run(to(receiver)) for _ in range(SHORT_LINE + 40)]
            await receiver.wait_for(len(runs))
            for run in runs:
                assert (await at_work.tried(run, 1)).status == "delivered"
            assert sorted(post.body.decode() for post in receiver.posts) == sorted(runs)
            assert receiver.most_at_once <= PER_HOST

    play(test())


def test_a_large_answer_is_not_read() -> None:
    async def test() -> None:
        sent = 0

        async def flooding(writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            while not writer.is_closing():
                writer.write(bytes(65536))
                sent += 65536
                await writer.drain()

        async with Receiver(flooding) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            assert (await at_work.tried(run, 1)).status == "delivered"
        assert sent < 20_000_000

    play(test())


def test_an_answer_without_an_end_is_known_by_its_head(hurried: None) -> None:
    async def test() -> None:
        async def unfinished(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 202 Yes\r\ncontent-length: 10\r\n\r\nhalf")
            await hanging(writer)

        async def cut(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 202 Yes\r\ncontent-length: 10\r\n\r\nhalf")
            await writer.drain()
            writer.close()

        for behaviour in (unfinished, cut):
            async with Receiver(behaviour) as receiver, office(seconds=600.0) as at_work:
                run = await at_work.end_run(to(receiver))
                assert (await at_work.tried(run, 1)).note == "answered 202"

    play(test())


def test_what_is_no_http_is_said_to_be_none() -> None:
    async def test() -> None:
        async def talking(writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")

        async with Receiver(talking) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            assert (await at_work.tried(run, 1)).note == "what was answered is no proper HTTP"

    play(test())


def test_a_redelivery_has_the_same_id_and_a_new_signature() -> None:
    async def test() -> None:
        async with Receiver(answering(410), answering(200)) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            given_up = await at_work.tried(run, 1)
            at_work.now += 100
            again = await at_work.worker.redeliver(given_up)
            assert (again.status, again.tries) == ("waiting", 0)
            assert (await at_work.until(run, lambda delivery: delivery.status == "delivered")).tries == 1
            first, second = receiver.posts
            assert first.headers["webhook-id"] == second.headers["webhook-id"]
            assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
            assert len(await at_work.store.tries(given_up.id)) == 2

    play(test())


def test_a_redelivery_of_what_is_on_its_way_changes_nothing(hurried: None) -> None:
    async def test() -> None:
        async with Receiver(hanging) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            await receiver.wait_for(1)
            on_its_way = await at_work.delivery(run)
            assert await at_work.worker.redeliver(on_its_way) == on_its_way
            await at_work.end_run()
            assert len(receiver.posts) == 1

    play(test())


def test_a_kind_that_nobody_knows_is_skipped_and_said_to_be() -> None:
    async def test() -> None:
        async with Receiver() as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver, "telegram"))
            skipped = await at_work.until(run, lambda delivery: delivery.due is None)
            assert skipped.status == "skipped"
            assert "telegram" in skipped.note
            assert receiver.posts == []

    play(test())


def test_a_message_that_cannot_be_made_is_given_up_and_stops_nobody() -> None:
    def broken(run: Run) -> Message:
        raise ZeroDivisionError

    async def test() -> None:
        async with Receiver() as receiver, office(renderers={"run": plain, "bad": broken}) as at_work:
            bad = await at_work.end_run(to(receiver, "bad"))
            assert (await at_work.until(bad, lambda delivery: delivery.due is None)).status == "given_up"
            good = await at_work.end_run(to(receiver))
            assert (await at_work.tried(good, 1)).status == "delivered"

    play(test())


def test_a_message_of_a_deleted_run_is_not_sent_again() -> None:
    async def test() -> None:
        async with Receiver(answering(500)) as receiver, office() as at_work:
            run = await at_work.end_run(to(receiver))
            waiting = await at_work.tried(run, 1)
            await at_work.store.delete(run, "alice")
            at_work.pass_until(waiting.due)
            other = await at_work.end_run(to(receiver))
            await at_work.tried(other, 1)
            assert len(receiver.posts) == 2

    play(test())


class Stubborn(MemoryStore):
    """A store that refuses to keep results for a while."""

    refusals = 0
    is_deaf = False
    refused = 0

    @override
    async def update_delivery(self, delivery: Delivery, tried: Try | None = None) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreError("The disk is full.")
        await super().update_delivery(delivery, tried)

    @override
    async def due(self, now: float, limit: int) -> list[Delivery]:
        if self.is_deaf:
            self.refused += 1
            raise StoreError("The disk is full.")
        return await super().due(now, limit)

    @override
    async def deliveries(self, run: str, owner: str) -> list[Delivery]:
        if self.is_deaf:
            self.refused += 1
            raise StoreError("The disk is full.")
        return await super().deliveries(run, owner)


def test_a_result_that_cannot_be_kept_is_not_posted_again(hurried: None) -> None:
    async def test() -> None:
        store = Stubborn()
        store.refusals = 2
        async with Receiver() as receiver, office(store=store) as at_work:
            run = await at_work.end_run(to(receiver))
            assert (await at_work.tried(run, 1)).status == "delivered"
            assert len(receiver.posts) == 1

    play(test())


def test_a_store_that_cannot_be_read_delays_and_loses_nothing() -> None:
    async def test() -> None:
        store = Stubborn()
        store.is_deaf = True
        async with Receiver() as receiver, office(store=store) as at_work:
            run = await at_work.end_run(to(receiver))
            await until(lambda: store.refused)
            assert receiver.posts == []
            store.is_deaf = False
            at_work.worker.wake()
            assert (await at_work.tried(run, 1)).status == "delivered"

    play(test())


def test_what_was_cut_by_a_stop_is_delivered_after_the_next_start(hurried: None) -> None:
    async def stopped(at_work: Office, run: str) -> None:
        assert (await at_work.delivery(run)).status == "waiting"

    async def test() -> None:
        store = MemoryStore()
        async with Receiver(hanging, answering(200)) as receiver:
            async with office(store=store, seconds=600.0) as at_work:
                run = await at_work.end_run(to(receiver))
                await receiver.wait_for(1)
            await stopped(at_work, run)
            async with office(store=store) as at_work:
                assert (await at_work.tried(run, 1)).status == "delivered"
            first, second = receiver.posts
            assert first.headers["webhook-id"] == second.headers["webhook-id"]

    play(test())


class Slow(MemoryStore):
    """A store whose answers about what is due come late."""

    def __init__(self) -> None:
        super().__init__()
        self.is_slow = False
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    @override
    async def due(self, now: float, limit: int) -> list[Delivery]:
        found = await super().due(now, limit)
        if self.is_slow:
            self.asked.set()
            await self.go_on.wait()
        return found


def test_what_was_delivered_while_the_store_was_asked_is_not_delivered_again() -> None:
    """The store's answer is from before."""

    async def test() -> None:
        store, answer_now = Slow(), asyncio.Event()

        async def late(writer: asyncio.StreamWriter) -> None:
            await answer_now.wait()
            await answering()(writer)

        async with Receiver(late) as receiver, office(store=store) as at_work:
            run = await at_work.end_run(to(receiver))
            await receiver.wait_for(1)
            store.is_slow = True
            at_work.worker.wake()
            await store.asked.wait()
            answer_now.set()
            await at_work.tried(run, 1)
            store.is_slow = False
            store.go_on.set()
            other = await at_work.end_run(to(receiver))
            await at_work.tried(other, 1)
            assert len(receiver.posts) == 2

    play(test())


class Watched(MemoryStore):
    """A store that tells when it was asked for the earliest delivery: a worker that does so will rest."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    @override
    async def next_due(self) -> float | None:
        self.asked.set()
        return await super().next_due()


def test_a_worker_at_rest_is_woken_by_the_end_of_a_run() -> None:
    async def test() -> None:
        store = Watched()
        async with Receiver() as receiver, office(store=store) as at_work:
            await store.asked.wait()
            assert (await at_work.tried(await at_work.end_run(to(receiver)), 1)).status == "delivered"

    play(test())


class Sluggish(MemoryStore):
    """A store that takes a while to keep something."""

    def __init__(self) -> None:
        super().__init__()
        self.updates, self.is_updating = 0, asyncio.Event()

    @override
    async def put_off(self, deliveries: Sequence[Delivery]) -> None:
        self.updates += 1
        self.is_updating.set()
        await asyncio.sleep(0.05)
        await super().put_off(deliveries)


def test_news_do_not_stand_behind_a_long_backlog(hurried: None) -> None:
    async def test() -> None:
        store = Sluggish()
        async with Receiver(hanging) as slow, Receiver() as quick, office(store=store, seconds=600.0) as at_work:
            for _ in range(MAX_LINE + 2 * BATCH):
                await at_work.end_run(to(slow))
            await store.is_updating.wait()
            await at_work.end_run(to(quick))
            await quick.wait_for(1)
            assert store.updates <= 2

    play(test())


class Meanwhile(MemoryStore):
    """A store whose tenth delivery is news while it is asked what is due."""

    def __init__(self) -> None:
        super().__init__()
        self.tell: Callable[[], None] = lambda: None
        self.delayed: list[int] = []
        self.is_delivered = asyncio.Event()

    @override
    async def due(self, now: float, limit: int) -> list[Delivery]:
        found = await super().due(now, limit)
        self.tell()
        return found

    @override
    async def put_off(self, deliveries: Sequence[Delivery]) -> None:
        self.delayed += [delivery.id for delivery in deliveries]
        await super().put_off(deliveries)

    @override
    async def update_delivery(self, delivery: Delivery, tried: Try | None = None) -> None:
        await super().update_delivery(delivery, tried)
        if delivery.id == 10 and tried is not None:
            self.is_delivered.set()


def test_what_is_delivered_while_a_backlog_is_put_off_is_not_put_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        store = Meanwhile()
        async with Receiver() as receiver:
            backlog = Office(store, Addressing({}), Poster(Client(), 1.0))
            runs = [await backlog.end_run(to(receiver)) for _ in range(30)]
            news = await store.get(runs[9], "alice")
            assert news is not None
            async with office(store=store) as at_work:
                store.tell = lambda: at_work.worker.on_over(Run.kept(news.head, news.events, news.ended))
                await store.is_delivered.wait()
                for run in runs:
                    while (delivery := await at_work.delivery(run)).status == "waiting":
                        at_work.pass_until(max(delivery.due or 0.0, at_work.now))
                        await asyncio.sleep(0.005)
            assert store.delayed
            assert 10 not in store.delayed
            assert sorted(post.body.decode() for post in receiver.posts) == sorted(runs)

    monkeypatch.setattr("headgate.webhooks.worker.BATCH", 10)
    monkeypatch.setattr("headgate.webhooks.lanes.MAX_LINE", 5)
    play(test())
