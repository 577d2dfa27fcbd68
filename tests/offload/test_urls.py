"""The addresses, against those that the document shows."""

import pytest

from headgate.dialects.offload import urls
from headgate.formats.offload import Access

FILE = "24b94bef-d2a6-4faa-bb20-1429e846c9d3"
STEM = f"/1/r/pub/2023/06/01/11/07/06/{FILE}"


@pytest.mark.parametrize(
    ("access", "created", "file", "path"),
    [
        ("public", 1685617626, FILE, f"/1/r/pub/2023/06/01/11/07/06/{FILE}"),
        (
            "private",
            1685686261,
            "633249b8-cee5-4636-ae71-5ed45624ac93",
            "/1/r/priv/2023/06/02/06/11/01/633249b8-cee5-4636-ae71-5ed45624ac93",
        ),
        (
            "public",
            1685638041,
            "154dff1d-a1b1-4270-bbbc-66b9a5700a12",
            "/1/r/pub/2023/06/01/16/47/21/154dff1d-a1b1-4270-bbbc-66b9a5700a12",
        ),
    ],
)
def test_the_documents_addresses(access: Access, created: int, file: str, path: str) -> None:
    assert urls.stem(access, created, file) == path
    for ending in (urls.STATUS, urls.EVENTS, urls.RAW, urls.STOP):
        assert urls.stem_of(path + ending, ending) == path


@pytest.mark.parametrize(
    "path",
    [
        STEM,
        STEM + ".txt",
        STEM + ".json.json",
        STEM.replace("/1/r/", "/2/r/") + ".json",
        STEM.replace("pub", "all") + ".json",
        STEM.upper() + ".json",
        STEM.replace("2023", "23") + ".json",
        STEM + "0.json",
        "/x" + STEM + ".json",
        STEM + "\n.json",
        STEM.replace(FILE, "..") + ".json",
        ".json",
        "",
    ],
)
def test_no_other_path_is_looked_for(path: str) -> None:
    assert urls.stem_of(path, urls.STATUS) is None


@pytest.mark.parametrize(
    "url",
    [
        f"https://api.example.com{STEM}.json",
        f"http://127.0.0.1:8080{STEM}.json",
        f"https://example.com/behind/a/proxy{STEM}.json",
        f"https://example.com{STEM}.json?from=somewhere#here",
        f"{STEM}.json",
    ],
)
def test_a_kept_address_means_the_answer_whatever_its_host(url: str) -> None:
    assert urls.stem_in(url) == STEM


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/",
        f"https://example.com{STEM}",
        f"https://example.com{STEM}.txt",
        f"https://example.com{STEM}/stop",
        f"https://example.com/?{STEM}.json",
        f"https://example.com/#{STEM}.json",
        f"https://example.com{STEM.replace('-', '%2D')}.json",
        f"https://[::1{STEM}.json",
        "https://example.com" + STEM[:-1] + ".json",
        "file:///etc/passwd",
        "gopher" * 300,
    ],
)
def test_anything_else_means_nothing(url: str) -> None:
    assert urls.stem_in(url) is None
