"""What the clouds want to know besides an address and a key: Amazon's region, the version of Azure's API; and slips."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from headgate.config.kinds import WORD
from headgate.config.problems import Problems
from headgate.config.settings import ProviderSection
from headgate.providers.registry import Service, region

_IN_ADDRESS = re.compile(r"//bedrock-runtime[a-z-]*\.([a-z0-9-]+)\.")


_WHOLE = re.compile(r"/((chat/)?completions|responses|embeddings|messages)$")


def find_region(name: str, given: ProviderSection, service: Service, environ: Mapping[str, str]) -> str:
    """Where it is: as the section says, or its address, or the environment; "" where nobody does."""
    if not service.regional_url:
        return ""
    found = _IN_ADDRESS.search(given.base_url or environ.get(service.url_variable, ""))
    return given.region or (found[1] if found else region(service, environ))


def regional_url(name: str, place: str, service: Service, problems: Problems) -> str | None:
    """The service's address there; None when that was a problem."""
    if not place:
        problems.add(f"[providers.{name}] needs a `region`, or the variable {service.region_variables[0]}.")
        return None
    try:
        return service.regional_url.format(region=WORD.read(place))
    except ValueError:
        problems.add(f"{' or '.join(service.region_variables)} must be {WORD.words}.")
        return None


def find_version(
    name: str, given: ProviderSection, service: Service, environ: Mapping[str, str], problems: Problems
) -> str:
    """
    The version to ask for; "" where none has to be said.

    The environment's is meant for the service's own section, and not for an address of the newer API.
    """
    if given.api_version is not None or not service.version_variable:
        return given.api_version or ""
    at = environ.get(service.url_variable, "") if given.base_url is None else given.base_url
    said = environ.get(service.version_variable, "").strip()
    is_own = given.base_url is None or name == service.name
    if not said or not is_own or at.rstrip("/ ").endswith("/v1"):
        return ""
    try:
        return WORD.read(said)
    except ValueError:
        problems.add(f"{service.version_variable} must be {WORD.words}.")
        return ""


def slip(url: str, service: Service, by_deployment: bool) -> str:
    """What is wrong with an address that is well formed, but leads nowhere; "" when nothing is."""
    whole = _WHOLE.search(url)
    if whole:
        return f"must end before {whole[0]}, which is added to it"
    if not service.version_variable:
        return ""
    parts = urlsplit(url)
    if "/deployments" in parts.path:
        return "must end before /deployments, because the names of models are those of deployments"
    if by_deployment and parts.path.endswith("/v1"):
        return "ends in /v1, an API that has no use for an `api_version` that is a date"
    if not parts.path and parts.netloc.endswith(".azure.com"):
        return f"must have a path, as {url}{service.versioned_path if by_deployment else '/openai/v1'} has"
    return ""


def is_dated(version: str) -> bool:
    """Whether it is one of those that have addresses by deployment."""
    return version[:1].isdigit()


def refuse_unknown(name: str, given: ProviderSection, service: Service, problems: Problems) -> None:
    """Settings of one cloud in a section of another's."""
    for setting, value, known in (
        ("region", given.region, service.regional_url),
        ("api_version", given.api_version, service.version_variable),
    ):
        if value is not None and not known:
            problems.add(f"[providers.{name}] is {service.title}, which has no use for `{setting}`.")
