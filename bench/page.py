"""The page that the figures are written into: docs/benchmarks.md, between two comments."""

from pathlib import Path

from bench.processes import BenchError
from bench.servers import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"

BEGIN = "<!-- figures: written by bench/run -->"
END = "<!-- end of figures -->"


def write(figures: str, page: Path = PAGE) -> None:
    """Put them in the place of the ones before."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"{page} lacks the comments that the figures belong between")
    page.write_text(f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}")
