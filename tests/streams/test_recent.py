"""What is held of a stream is what was said, whatever is let go of."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.streams.recent import Recent


@given(
    st.integers(0, 50), st.lists(st.tuples(st.binary(min_size=1, max_size=30), st.booleans()), max_size=40), st.data()
)
def test_it_has_every_byte_from_its_first_to_its_end(
    begins: int, said: list[tuple[bytes, bool]], data: st.DataObject
) -> None:
    recent, text = Recent(begins), b"?" * begins
    for piece, shortens in said:
        recent.add(piece)
        text += piece
        if shortens:
            before, upto = recent.first, data.draw(st.integers(begins, len(text)))
            gone = recent.shorten(upto, 40)
            assert recent.first == before + gone <= max(upto, before)
    assert recent.end == len(text)
    assert recent.end - recent.first <= 40 + 30 * len(said)
    first = data.draw(st.integers(recent.first, recent.end))
    upto = data.draw(st.integers(first, recent.end))
    if upto > first:
        assert recent.read(first, upto) == text[first:upto]


def test_it_holds_little_when_all_may_go() -> None:
    recent = Recent(0)
    for _ in range(10_000):
        recent.add(b"x" * 100)
        recent.shorten(recent.end, 1000)
    assert recent.end - recent.first <= 1000
    for size, held in ((10_000, 10_000), (100_000, 0)):
        recent.add(b"x" * size)
        recent.shorten(recent.end, 1000)
        assert recent.end - recent.first == held
