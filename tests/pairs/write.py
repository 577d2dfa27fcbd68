"""Writes the golden files anew: `scripts/goldens`. What changed is for you to read, line by line."""

import re
from pathlib import Path

from tests.pairs.heard import everything
from tests.pairs.scenarios import GOLDENS
from tests.pairs.sections import joined
from tests.pairs.surviving import PAGE, table


def with_tables(page: str, tables: dict[str, str]) -> str:
    """A page with each table where its mark is."""
    for name, made in tables.items():
        before, mark, after = page.partition(f"<!-- {name} -->\n\n")
        assert mark, name
        page = before + mark + made + re.sub(r"\A(\|.*\n)*", "", after)
    return page


def write() -> list[Path]:
    """All of them; returns those that are not what they were."""
    changed = list[Path]()
    for golden in GOLDENS:
        said = joined(golden.made())
        if not golden.path.exists() or golden.path.read_bytes() != said:
            golden.path.write_bytes(said)
            changed.append(golden.path)
    page = PAGE.read_text()
    told = with_tables(page, {"answers": table(everything())})
    if told != page:
        PAGE.write_text(told)
        changed.append(PAGE)
    return changed


if __name__ == "__main__":
    for path in write():
        print(path.relative_to(Path.cwd()))
