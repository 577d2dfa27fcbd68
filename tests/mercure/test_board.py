"""Who hears what was published."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.dialects.mercure import board as module
from headgate.dialects.mercure import listeners as listeners_module
from headgate.dialects.mercure.board import Board
from headgate.dialects.mercure.grants import NOTHING, Grants
from headgate.dialects.mercure.history import Bounds
from headgate.dialects.mercure.listeners import MOST, MOST_BYTES, Listener
from headgate.dialects.mercure.matchers import ALL, Matcher, Matchers
from headgate.dialects.mercure.updates import Update
from headgate.errors import Unavailable
from headgate.runs.crowd import FEW
from tests.mercure.minting import HUB

A, B = Matcher("exact", "a"), Matcher("exact", "b")
BOOKS = Matcher("urlpattern", "https://e.com/books/:id")
EVERYBODY = Grants(subscribe=(ALL,))


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def make(
    bounds: Bounds | None = None, *, most: int = 1000, keep_alive: float = 1000.0, clock: Clock | None = None
) -> Board:
    return Board(Matchers(HUB), bounds or Bounds(), keep_alive=keep_alive, most=most, now=clock or Clock())


def update(id: str, *topics: str, private: bool = False, size: int = 0) -> Update:
    return Update(topics or ("a",), id, private, f"{id};".encode() + b" " * size)


def publish(board: Board, *ids: str, topic: str = "a") -> None:
    for id in ids:
        board.publish(update(id, topic))


def drained(listener: Listener) -> list[str]:
    """The ids of what waits for it."""
    pieces = b""
    while listener._has_news and not listener.is_gone:
        pieces += listener._take()
    return [id.strip() for id in pieces.decode().split(";")[:-1]]


def play(act: Callable[[], Awaitable[None] | None]) -> None:
    """Inside a loop."""

    async def main() -> None:
        done = act()
        if done is not None:
            await done

    asyncio.run(main())


def test_what_is_published_is_heard_from_now_on_in_order() -> None:
    def act() -> None:
        board = make()
        publish(board, "before")
        listener, position = board.subscribe([A], NOTHING)
        publish(board, "1", "2")
        publish(board, "elsewhere", topic="b")
        assert (drained(listener), position) == (["1", "2"], None)

    play(act)


def test_who_asks_for_several_topics_hears_once_what_is_in_all() -> None:
    def act() -> None:
        board = make()
        listener = board.subscribe([A, B, ALL, BOOKS, A], NOTHING).listener
        publish(board, "1", topic="b")
        board.publish(update("2", "a", "b", "https://e.com/books/1"))
        publish(board, "3")
        assert drained(listener) == ["1", "2", "3"]

    play(act)


def test_a_pattern_hears_of_topics_that_nobody_has_spoken_of() -> None:
    def act() -> None:
        board = make()
        publish(board, "before", topic="https://e.com/books/1")
        listener = board.subscribe([BOOKS], NOTHING).listener
        for number in (1, 2, 3, 1):
            publish(board, f"{number}", topic=f"https://e.com/books/{number}")
            publish(board, "other", topic=f"https://e.com/films/{number}")
        assert drained(listener) == ["1", "2", "3", "1"]

    play(act)


def test_a_topic_that_was_spoken_of_is_heard_by_patterns_that_come_later() -> None:
    """What is remembered of which patterns match a topic is forgotten when there are others."""

    def act() -> None:
        board = make()
        first = board.subscribe([BOOKS], NOTHING).listener
        publish(board, "1", topic="https://e.com/books/1")
        second = board.subscribe([Matcher("urlpattern", "https://e.com/*")], NOTHING).listener
        third = board.subscribe([ALL], NOTHING).listener
        publish(board, "2", topic="https://e.com/books/1")
        assert [drained(each) for each in (first, second, third)] == [["1", "2"], ["2"], ["2"]]
        board.leave(first)
        publish(board, "3", topic="https://e.com/books/1")
        assert [drained(each) for each in (second, third)] == [["3"], ["3"]]

    play(act)


def test_who_comes_back_gets_what_it_missed() -> None:
    def act() -> None:
        board = make()
        publish(board, "1", "2")
        publish(board, "b", topic="b")
        publish(board, "3")
        for last, position, ids in [
            ("1", "1", ["2", "3"]),
            ("b", "b", ["3"]),
            ("3", "3", []),
            ("earliest", "earliest", ["1", "2", "3"]),
            ("never was", "earliest", ["1", "2", "3"]),
        ]:
            subscribed = board.subscribe([A], NOTHING, last)
            assert (drained(subscribed.listener), subscribed.position) == (ids, position)
            publish(board, "live", topic="b")
            assert drained(subscribed.listener) == []

    play(act)


def test_between_what_it_missed_and_what_comes_there_is_nothing_lost_or_doubled() -> None:
    def act() -> None:
        board = make()
        past = [str(number) for number in range(3 * MOST)]
        publish(board, *past)
        listener = board.subscribe([A, ALL], NOTHING, "earliest").listener
        heard = listener._take().decode().split(";")[:-1]
        assert len(heard) == MOST
        publish(board, "x", "y")
        assert heard + drained(listener) == [*past, "x", "y"]

    play(act)


def test_what_is_too_much_for_one_piece_comes_in_several() -> None:
    def act() -> None:
        board = make()
        small, large = board.subscribe([A], NOTHING).listener, board.subscribe([B], NOTHING).listener
        publish(board, *map(str, range(MOST + 2)))
        for number in range(4):
            board.publish(update(str(number), "b", size=MOST_BYTES // 2))
        assert [small._take().count(b";") for _ in range(3)] == [MOST, 2, 0]
        assert [large._take().count(b";") for _ in range(3)] == [2, 2, 0]

    play(act)


@pytest.mark.parametrize("is_late", [True, False])
def test_nobody_is_looked_for_long(monkeypatch: pytest.MonkeyPatch, is_late: bool) -> None:
    """Patterns are many, and so are topics; what was not come to is for the next piece."""

    def act() -> None:
        board = make()
        early = board.subscribe([A, BOOKS], NOTHING).listener
        for number in range(9):
            board.publish(update(str(number), "ab"[number % 2], private=number % 3 == 0))
        late = board.subscribe([A, BOOKS], NOTHING, "earliest").listener
        listener = late if is_late else early
        monkeypatch.setattr(listeners_module, "SPELL", -1.0)
        pieces = []
        while listener._has_news:
            pieces.append(listener._take())
        assert [piece for piece in pieces if piece] == [b"2;", b"4;", b"8;"]
        assert len(pieces) >= 5

    play(act)


def test_private_updates_are_for_those_who_may_read_them() -> None:
    def act() -> None:
        board = make()
        allowed = Grants(subscribe=(Matcher("exact", "also"), BOOKS))
        early = [board.subscribe([ALL], grants).listener for grants in (NOTHING, allowed, EVERYBODY)]
        board.publish(update("1", "a", private=True))
        board.publish(update("2", "a", "also", private=True))
        board.publish(update("3", "https://e.com/books/1", private=True))
        board.publish(update("4", "a"))
        late = [board.subscribe([ALL], grants, "earliest").listener for grants in (NOTHING, allowed, EVERYBODY)]
        for listeners in (early, late):
            assert [drained(each) for each in listeners] == [["4"], ["2", "3", "4"], ["1", "2", "3", "4"]]

    play(act)


def test_a_grant_does_not_widen_what_is_asked_for() -> None:
    def act() -> None:
        board = make()
        listener = board.subscribe([A], EVERYBODY).listener
        board.publish(update("1", "b", private=True))
        assert drained(listener) == []

    play(act)


def test_nobody_learns_of_a_private_update_by_its_id() -> None:
    def act() -> None:
        board = make()
        publish(board, "0")
        board.publish(update("secret", "a", private=True))
        publish(board, "1")
        assert board.subscribe([A], NOTHING, "secret").position == board.subscribe([A], NOTHING, "none").position
        assert board.subscribe([A], EVERYBODY, "secret").position == "secret"

    play(act)


@pytest.mark.parametrize("bounds", [Bounds(count=3), Bounds(size=3 * 1510)])
def test_only_so_much_is_kept(bounds: Bounds) -> None:
    def act() -> None:
        board = make(bounds)
        for number in range(10):
            board.publish(update(str(number), size=1000))
        subscribed = board.subscribe([A], NOTHING, "5")
        assert (drained(subscribed.listener), subscribed.position) == (["7", "8", "9"], "earliest")
        assert board.subscribe([A], NOTHING, "7").position == "7"

    play(act)


def test_the_newest_is_kept_whatever_it_takes() -> None:
    def act() -> None:
        board = make(Bounds(size=10))
        listener = board.subscribe([A], NOTHING).listener
        publish(board, "1")
        assert drained(listener) == ["1"]

    play(act)


def test_old_ones_are_let_go() -> None:
    def act() -> None:
        clock = Clock()
        board = make(Bounds(age=60.0), clock=clock)
        publish(board, "1")
        clock.now += 50
        publish(board, "2")
        clock.now += 20
        board._tick()
        subscribed = board.subscribe([A], NOTHING, "1")
        assert (drained(subscribed.listener), subscribed.position) == (["2"], "earliest")

    play(act)


def test_of_two_with_one_id_the_newer_is_meant() -> None:
    def act() -> None:
        board = make(Bounds(count=3))
        publish(board, "x", "1", "x", "2")
        assert drained(board.subscribe([A], NOTHING, "x").listener) == ["2"]

    play(act)


def test_who_is_too_slow_is_sent_away() -> None:
    """Rather than have it miss something without a word; what it comes back with tells it."""

    async def act() -> None:
        board = make(Bounds(count=3))
        slow, quiet = board.subscribe([A], NOTHING).listener, board.subscribe([B], NOTHING).listener
        publish(board, "1", "2", "3")
        assert await slow.next() == b"1;2;3;"
        publish(board, "b", topic="b")
        publish(board, "4", "5")
        assert await slow.next() == b"4;5;"
        publish(board, "6", "7", "8", "9")
        assert await slow.next() is None
        assert await quiet.next() is None, "its only update is gone, too"
        back = board.subscribe([A], NOTHING, "5")
        assert back.position == "earliest"
        assert drained(back.listener) == ["7", "8", "9"]

    play(act)


def test_who_is_quiet_is_not_slow() -> None:
    async def act() -> None:
        board = make(Bounds(count=3))
        quiet = board.subscribe([B], NOTHING).listener
        publish(board, *map(str, range(100)))
        publish(board, "b", topic="b")
        assert await quiet.next() == b"b;"

    play(act)


def test_who_comes_back_too_slowly_is_sent_away() -> None:
    async def act() -> None:
        board = make(Bounds(count=2 * MOST))
        publish(board, *map(str, range(2 * MOST)))
        listener = board.subscribe([A], NOTHING, "earliest").listener
        assert (await listener.next() or b"").count(b";") == MOST
        publish(board, *map(str, range(MOST + 1)))
        assert await listener.next() is None

    play(act)


def test_a_crowd_is_woken() -> None:
    async def act() -> None:
        board = make()
        crowd = [board.subscribe([A], NOTHING).listener for _ in range(3 * FEW)]
        waiting = [asyncio.ensure_future(listener.next()) for listener in crowd]
        await asyncio.sleep(0)
        publish(board, "1")
        assert set(await asyncio.gather(*waiting)) == {b"1;"}

    play(act)


def test_silence_is_told() -> None:
    async def act() -> None:
        board = make(keep_alive=-1.0)
        listener = board.subscribe([A], NOTHING).listener
        waiting = asyncio.ensure_future(listener.next())
        await asyncio.sleep(0)
        board._tick()
        assert await waiting == b""

    play(act)


def test_nothing_is_told_after_the_end_of_a_token() -> None:
    async def act() -> None:
        clock = Clock()
        board = make(clock=clock)
        listener = board.subscribe([A], Grants(expires=clock.now + 10)).listener
        publish(board, "1")
        assert await listener.next() == b"1;"
        clock.now += 9.5
        board._tick()
        publish(board, "2")
        assert await listener.next() is None

    play(act)


def test_the_end_of_the_server_comes_after_what_was_published() -> None:
    async def act() -> None:
        board = make()
        listener = board.subscribe([A], NOTHING).listener
        publish(board, "1")
        await board.close()
        assert [await listener.next(), await listener.next()] == [b"1;", None]
        with pytest.raises(Unavailable):
            board.subscribe([A], NOTHING)
        with pytest.raises(Unavailable):
            publish(board, "2")

    play(act)


def test_only_so_many_may_listen() -> None:
    def act() -> None:
        board = make(most=2)
        first = board.subscribe([A], NOTHING).listener
        board.subscribe([A], NOTHING)
        with pytest.raises(Unavailable):
            board.subscribe([A], NOTHING)
        board.leave(first)
        board.leave(first)
        board.subscribe([A], NOTHING)

    play(act)


def test_only_so_many_patterns_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is asked of every topic. Who is refused leaves nothing behind."""
    monkeypatch.setattr(module, "KEPT_PATTERNS", 2)

    def act() -> None:
        board = make()
        patterns = [Matcher("urlpattern", f"https://e.com/{number}/*") for number in range(3)]
        listener = board.subscribe([patterns[0]], NOTHING).listener
        with pytest.raises(Unavailable):
            board.subscribe([A, B, *patterns], NOTHING)
        assert (len(board._others), len(board._exact)) == (1, 0)
        board.subscribe(patterns[:2], NOTHING)
        publish(board, "1", topic="https://e.com/0/x")
        assert drained(listener) == ["1"]

    play(act)


def test_who_leaves_leaves_nothing_behind() -> None:
    def act() -> None:
        board = make()
        listeners = [board.subscribe([A, BOOKS, ALL], NOTHING).listener for _ in range(3)]
        publish(board, "1")
        for listener in listeners:
            board.leave(listener)
        assert not board._exact
        assert not board._others
        assert not board._found
        publish(board, *map(str, range(20_000)))

    play(act)


TOPICS = ("a", "b", "https://e.com/books/1", "https://e.com/books/2")
WANTED = (A, B, ALL, BOOKS, Matcher("template", "https://e.com/{what}/1"))

acts = st.one_of(
    st.tuples(st.just("publish"), st.sets(st.sampled_from(TOPICS), min_size=1, max_size=3), st.booleans()),
    st.tuples(st.just("come"), st.sets(st.sampled_from(WANTED), min_size=1), st.sampled_from(WANTED)),
    st.tuples(st.just("read"), st.integers(0, 3), st.integers(1, 3)),
    st.tuples(st.just("cut"), st.integers(0, 3), st.just(None)),
)


class Client:
    """One that comes back with the id of what it had, and remembers what it was told."""

    def __init__(self, board: Board, wanted: list[Matcher], grants: Grants) -> None:
        self.board, self.wanted, self.grants = board, wanted, grants
        self.since = board._history.number
        self.heard: list[int] = []
        self.gaps: list[tuple[int, int]] = []
        self.listener = board.subscribe(wanted, grants).listener

    def read(self) -> None:
        """Take a piece; come back when it was sent away."""
        if self.listener._has_news:
            self.heard += map(int, self.listener._take().decode().split(";")[:-1])
        if self.listener.is_gone:
            self.cut()

    def cut(self) -> None:
        """Lose the connection, and come back."""
        self.board.leave(self.listener)
        if not self.heard:
            # It has nothing to come back with.
            self.since = self.board._history.number
            self.listener = self.board.subscribe(self.wanted, self.grants).listener
            return
        last = self.heard[-1]
        subscribed = self.board.subscribe(self.wanted, self.grants, str(last))
        if subscribed.position != str(last):
            self.gaps.append((last, self.board._history.lost))
        self.listener = subscribed.listener


@given(st.lists(acts, max_size=60), st.integers(2, 12))
def test_whatever_happens_nothing_is_lost_without_a_word(history: list[tuple[str, object, object]], count: int) -> None:
    """Nothing is doubled, nothing is heard that must not be, and what is missing was told to be."""

    def act() -> None:
        board, matchers = make(Bounds(count=count)), Matchers(HUB)
        published: list[Update] = []
        clients: list[Client] = []
        for name, first, second in history:
            if name == "publish":
                published.append(update(str(len(published) + 1), *sorted(first), private=bool(second)))  # type: ignore[call-overload]
                board.publish(published[-1])
            elif name == "come" and len(clients) < 4:
                clients.append(Client(board, list(first), Grants(subscribe=(second,))))  # type: ignore[call-overload,arg-type]
            elif name in ("read", "cut") and clients:
                client = clients[int(first) % len(clients)]  # type: ignore[call-overload]
                client.read() if name == "read" else client.cut()
        for client in clients:
            while client.listener._has_news or client.listener.is_gone:
                client.read()
            expected = [
                number
                for number, each in enumerate(published, 1)
                if number > client.since
                and matchers.any_accepts(client.wanted, each.topics)
                and (not each.is_private or matchers.any_accepts(client.grants.subscribe, each.topics))
            ]
            in_gaps = [number for number in expected if any(low < number <= high for low, high in client.gaps)]
            assert client.heard == sorted(set(client.heard))
            assert set(client.heard) <= set(expected)
            assert set(expected) - set(client.heard) <= set(in_gaps)

    play(act)
