"""The documentation tells the truth where a test can say so."""

import re
from pathlib import Path
from typing import get_args

import pytest

from headgate.events import AnyEvent, Event
from headgate.providers.registry import SERVICES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of the project names one that exists."""
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_every_service_has_a_row() -> None:
    """docs/providers.md lists each service with its variables and endpoints."""
    rows = (ROOT / "docs" / "providers.md").read_text().splitlines()
    for service in SERVICES.values():
        row = next((row for row in rows if f"| `{service.name}` |" in row), "")
        named = re.findall(r"`([^`]+)`", row)
        variables = (service.key_variable, service.other_key_variable, service.url_variable)
        expected = {service.name, *variables, *service.endpoints} - {""}
        assert set(named) == expected, service.name


def test_every_event_has_a_row() -> None:
    """docs/runs.md lists each event with all of its fields."""
    rows = [row for row in (ROOT / "docs" / "runs.md").read_text().splitlines() if row.startswith("|")]
    for event in get_args(AnyEvent):
        assert issubclass(event, Event)
        row = next((row for row in rows if f"`{event.__struct_config__.tag}`" in row), "")
        missing = [field for field in event.__struct_fields__ if f"`{field}`" not in row]
        assert not missing, (event.__struct_config__.tag, missing)


def test_the_architecture_fits_on_a_few_screens() -> None:
    """120 lines at most, and every folder of the package is in it."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert len(text.splitlines()) <= 120
    for folder in (ROOT / "src" / "headgate").iterdir():
        if folder.is_dir() and (folder / "__init__.py").exists():
            assert f"`{folder.name}" in text, folder.name
