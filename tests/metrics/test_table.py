"""docs/observability.md has a row for every family, and for nothing else."""

import re
from pathlib import Path

from headgate.metrics import Meters
from headgate.metrics.meters import Family

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"

KINDS = {"Counters": "counter", "Tallies": "counter", "Histograms": "histogram", "Gauges": "gauge"}


def row(family: Family) -> str:
    labels = " ".join(f"`{label}`" for label in family.labels)
    return re.sub(" +", " ", f"| `{family.name}` | {KINDS[type(family).__name__]} | {labels} | {family.help} |")


def test_every_family_has_its_row() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("\n## Metrics")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [row(family) for family in Meters().families]
