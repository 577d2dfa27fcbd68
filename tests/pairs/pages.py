"""The page of the documentation that the tables stand on."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "pairs.md"


def with_tables(page: str, tables: dict[str, str]) -> str:
    """A page with each table where its mark is."""
    for name, made in tables.items():
        before, mark, after = page.partition(f"<!-- {name} -->\n\n")
        assert mark, name
        page = before + mark + made + re.sub(r"\A(\|.*\n)*\n?", "\n", after)
    return page
