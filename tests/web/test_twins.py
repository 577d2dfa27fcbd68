"""Routes under a second prefix: the same handler, told of once."""

from typing import Any

import pytest

from headgate.dialects import drop_in
from headgate.web.routes import Routes
from tests.web.site import Site


def twin_paths(site: Site) -> set[str]:
    """The paths that the pages do not list."""
    return {route.path for route in site.pages.routes.twins}


def test_all_of_openai_is_under_both_prefixes(site: Site) -> None:
    """But for the two paths that are another API's."""
    for path in (
        "chat/completions",
        "completions",
        "responses",
        "responses/{id}",
        "responses/{id}/cancel",
        "embeddings",
        "models",
    ):
        assert f"/openai/v1/{path}" in twin_paths(site)
    assert {"/openai/completions", "/openai/responses", "/openai/responses/{id}", "/openai/models/{id:path}"} <= (
        twin_paths(site)
    )


def test_a_socket_has_twins_too(site: Site) -> None:
    for path in ("/openai/v1/responses", "/openai/responses"):
        found = site.pages.routes.find_socket(path)
        assert found is not None


def test_twins_are_servers_of_the_path_they_are_like(site: Site) -> None:
    """A program that reads the document finds them, and a reader is not drowned."""
    paths: dict[str, Any] = site.get("/openapi.json").json["paths"]
    assert paths["/v1/responses"]["post"]["servers"] == [{"url": "/"}, {"url": "/openai"}]
    assert "servers" not in paths["/v1/runs"]["get"]
    assert not [path for path in paths if path.startswith("/openai/v1")]


def test_an_unknown_path_beside_twins_is_told_as_openai_tells_it(site: Site) -> None:
    answer = site.get("/openai/v1/nothing")
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
    answer = site.get("/openai/v1/chat/completions")
    assert (answer.status, answer.json["error"]["code"], answer.headers["allow"]) == (405, "method_not_allowed", "POST")


@pytest.mark.parametrize("prefix", drop_in.PREFIXES)
def test_a_path_that_is_taken_has_no_twin(site: Site, prefix: str) -> None:
    routes = [route for route in site.routes if route.path in ("/v1/models", "/v1/completions")]
    taken = [route for route in drop_in.twins(routes) if route.path == f"{prefix}/models"]
    assert f"{prefix}/models" not in {route.path for route in Routes([], drop_in.twins(routes, taken)).twins}
