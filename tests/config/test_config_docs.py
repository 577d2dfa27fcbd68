"""docs/configuration.md has a row for everything that can be configured, and for nothing else."""

import re
from pathlib import Path

import pytest

from headgate.config import SETTINGS, VARIABLES, Setting, load
from headgate.config.settings import ENDPOINT_SECTION, PERSONALITY_SECTION, PROVIDER_SECTION
from headgate.providers.registry import SERVICES, Service

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def setting_row(setting: Setting) -> str:
    kind = setting.kind.words.partition(", like")[0]
    default = f"`{setting.shown_default}`" if setting.shown_default else ""
    cells = [f"`{setting.name}`", kind, default]
    if setting.variable:
        cells.append(f"`{setting.variable}`")
    return _row(*cells, setting.description)


def service_row(service: Service) -> str:
    variables = [name for name in (service.key_variable, service.other_key_variable, service.url_variable) if name]
    return _row(
        f"`{service.name}`",
        service.title,
        " ".join(f"`{name}`" for name in variables),
        f"`{service.default_model}`" if service.default_model else "",
        " ".join(sorted(service.endpoints)),
    )


def _row(*cells: str) -> str:
    return re.sub(" +", " ", f"| {' | '.join(cells)} |")


def section(name: str) -> list[str]:
    """The rows of the table under the heading that begins so."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}")[2].partition("\n## ")[0]
    return [line for line in text.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(
    "name",
    [
        "server",
        "store",
        "webhooks",
        "voices",
        "functions",
        "functions.python",
        "functions.NAME",
        "mcp.NAME",
        "channels",
        "streams",
        "mercure",
        "metrics",
        "log",
        "otel",
        ENDPOINT_SECTION,
        PERSONALITY_SECTION,
        PROVIDER_SECTION,
    ],
)
def test_every_setting_has_its_row(name: str) -> None:
    assert section(f"[{name}]") == [setting_row(setting) for setting in SETTINGS if setting.section == name]


def test_every_service_has_its_row() -> None:
    assert section("Well-known services") == [service_row(service) for service in SERVICES.values()]


def test_every_other_variable_has_its_row() -> None:
    assert section("Other variables") == [_row(f"`{name}`", text) for name, text in VARIABLES.items()]


def test_the_examples_work(tmp_path: Path) -> None:
    examples = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) >= 4
    for number, example in enumerate(examples):
        source = tmp_path / f"{number}.toml"
        source.write_text(example, encoding="utf-8")
        load(source, {"TEAM_BLUE_KEY": "long-enough", "AZURE_KEY": "x", "WEATHER_KEY": "long-enough"})
