"""Where Python functions come from: modules, parts of them, and installed packages."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.tools.python import CannotLoad, Threads, load_functions

PUBLIC = '''
import os
from json import dumps
from dataclasses import dataclass

@dataclass
class Point:
    x: int

def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()

async def whisper(text: str) -> str:
    """Say it quietly."""
    return text.lower()

def _helper() -> str:
    return ""
'''

MARKED = '''
from headgate.tools import function
from json import dumps

@function(name="say")
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()

def helper(*rest: str) -> str:
    return ""

class Voice:
    def sing(self) -> str:
        """Sing."""
        return "la"

sing = function(Voice().sing.__func__)
'''

BROKEN = "def f(*rest: str) -> str: ...\ndef g(it: object = 1, **others: str) -> str: ...\n"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """With modules in it that the process forgets afterwards."""
    path, known = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def names(folder: Path, modules: list[str], points: tuple[str, ...] = ()) -> list[str]:
    """Of the functions that are found."""

    async def play() -> list[str]:
        return [each.name for each in load_functions(modules, points, [str(folder)], Threads(1))]

    return asyncio.run(play())


def test_of_a_module_all_public_functions(folder: Path) -> None:
    """But not what it has from elsewhere."""
    (folder / "voices_public.py").write_text(PUBLIC)
    assert names(folder, ["voices_public"]) == ["shout", "whisper"]


def test_a_module_may_say_which(folder: Path) -> None:
    (folder / "voices_all.py").write_text(f"{PUBLIC}\n__all__ = ['whisper', 'Point']\n")
    assert names(folder, ["voices_all"]) == ["whisper"]


def test_where_some_are_marked_only_those(folder: Path) -> None:
    (folder / "voices_marked.py").write_text(MARKED.replace("sing = function(Voice().sing.__func__)", ""))
    assert names(folder, ["voices_marked"]) == ["say"]


def test_one_of_a_module(folder: Path) -> None:
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "inner.py").write_text(PUBLIC + "\nclass Kind:\n    talk = staticmethod(shout)\n")
    assert names(folder, ["package.inner:whisper", "package.inner:Kind.talk"]) == ["whisper", "shout"]


def test_a_list_of_them(folder: Path) -> None:
    (folder / "voices_list.py").write_text(f"{PUBLIC}\nOFFERED = [whisper, shout]\n")
    assert names(folder, ["voices_list", "voices_list:OFFERED"]) == ["shout", "whisper"]
    assert names(folder, ["voices_list:OFFERED"]) == ["whisper", "shout"]


def test_a_folder_never_hides_what_is_installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    (folder / "colorsys.py").write_text("def hijacked() -> str: ...")
    assert names(folder, ["colorsys:rgb_to_hls"]) == ["rgb_to_hls"]


def test_packages_offer_theirs_by_entry_points(folder: Path) -> None:
    (folder / "voices_packed.py").write_text(PUBLIC)
    about = folder / "voices-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: voices\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[headgate.functions]\nvoices = voices_packed\nquiet = voices_packed:whisper\n"
    )
    assert names(folder, [], ("voices",)) == ["shout", "whisper"]
    assert names(folder, [], ("quiet",)) == ["whisper"]
    assert names(folder, [], ("*",)) == ["shout", "whisper"]
    with pytest.raises(
        CannotLoad, match=r"No installed package has an entry point `loud` in headgate\.functions; .*`quiet`"
    ):
        names(folder, [], ("loud",))


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (["nowhere_to_be_found"], "`nowhere_to_be_found` cannot be loaded: ModuleNotFoundError: No module named"),
        (["voices:nothing"], "`voices:nothing` cannot be loaded: AttributeError: "),
        (["voices:NUMBER"], "`voices:NUMBER` cannot be loaded: TypeError: it is no function."),
        (["voices_broken"], "The function `f` of `voices_broken` cannot be offered: it takes \\*rest"),
        (["voices_empty"], "`voices_empty` has no functions."),
        (["voices_leaving"], "`voices_leaving` cannot be loaded: SystemExit: 3."),
        (["voices", "voices:shout", "voices_again"], "There are two functions called `shout`; one of them is in"),
    ],
)
def test_what_is_wrong_is_told(folder: Path, modules: list[str], words: str) -> None:
    (folder / "voices.py").write_text(f"{PUBLIC}\nNUMBER = 5\n")
    (folder / "voices_again.py").write_text(PUBLIC)
    (folder / "voices_broken.py").write_text(BROKEN)
    (folder / "voices_empty.py").write_text("")
    (folder / "voices_leaving.py").write_text("raise SystemExit(3)")
    with pytest.raises(CannotLoad, match=words):
        names(folder, modules)


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    (folder / "voices_broken.py").write_text(BROKEN)
    with pytest.raises(CannotLoad) as wrong:
        names(folder, ["voices_broken", "nowhere_to_be_found"], ("none",))
    assert len(wrong.value.message.splitlines()) == 4
