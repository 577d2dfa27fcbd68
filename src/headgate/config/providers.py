"""Which providers there are: those of the file, those that the environment asks for, or the simulator."""

import re
from collections.abc import Mapping

import msgspec

from headgate.config.clouds import find_region, find_version, is_dated, refuse_unknown, regional_url, slip
from headgate.config.kinds import SECRET
from headgate.config.problems import Problems, nearest
from headgate.config.reading import read_section, table_of
from headgate.config.secret import Secret
from headgate.config.settings import PROVIDER_SETTINGS, ProviderSection
from headgate.net.target import Target
from headgate.providers.base import Limits
from headgate.providers.registry import (
    COMPATIBLE,
    ENDPOINTS,
    SERVICES,
    Endpoint,
    Service,
    address,
    is_wanted,
    key_variable,
    region,
)

SIMULATOR = "simulator"

LOCAL = "local"
"""The provider that speaks and listens on this machine; it is there without being configured."""

SIMULATOR_MODEL = "demo"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_NOT_FOR_SIMULATOR = (
    "base_url",
    "api_key",
    "api_key_env",
    "api_keys",
    "api_keys_env",
    "key_weights",
    "headers",
    "endpoints",
)


class ProviderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, with everything that is needed to make it."""

    name: str
    service: Service | None = None
    """None for the simulator."""
    base_url: str = ""
    key: Secret | None = None
    """None where there is none: then a caller may bring one, or none is needed."""
    key_variable: str = ""
    """Where the key comes from, or would; "" when it stands in the file or none is needed."""
    more_keys: tuple[Secret, ...] = ()
    """Of several keys all but the first."""
    key_weights: tuple[float, ...] = ()
    """One for each key, or none."""
    region: str = ""
    """Amazon's region that it is in."""
    api_version: str = ""
    """The version of Azure's API, where requests have to say one."""
    models: tuple[str, ...] = ()
    """The models it was said to have; empty when it should be asked."""
    default_model: str = ""
    headers: Mapping[str, Secret] = {}
    endpoints: frozenset[Endpoint] = ENDPOINTS
    limits: Limits = Limits()
    retries: int = 0
    max_concurrent: int | None = None
    max_queued: int = 100

    @property
    def is_simulator(self) -> bool:
        return self.service is None

    @property
    def is_signed(self) -> bool:
        """Whether requests are signed with Amazon's credentials, for want of a key."""
        return self.service is not None and bool(self.service.regional_url) and self.key is None

    @property
    def by_deployment(self) -> bool:
        """Whether every model has an address of its own, as Azure's older API has it."""
        return is_dated(self.api_version)

    @property
    def lacks_key(self) -> bool:
        """Whether a key was expected and is not there."""
        return self.key is None and bool(self.key_variable)


def find_providers(
    tables: Mapping[str, object], environ: Mapping[str, str], problems: Problems
) -> tuple[ProviderConfig, ...]:
    """The file's providers in its order, then the environment's in the registry's, or else the simulator."""
    found = [
        provider
        for name, value in tables.items()
        if (provider := _from_file(name, value, environ, problems)) is not None
    ]
    for service in SERVICES.values():
        if service.name not in tables and is_wanted(service, environ):
            provider = _resolve(service.name, ProviderSection(), service, environ, problems)
            if provider is not None:
                found.append(provider)
    if not found:
        found.append(ProviderConfig(name=SIMULATOR, default_model=SIMULATOR_MODEL))
    return tuple(found)


def notes_on(environ: Mapping[str, str]) -> list[str]:
    """What looks like a forgotten half: a key for a service whose address, or region, nobody gave."""
    notes = []
    for service in SERVICES.values():
        lacking = service.region_variables[:1] or (service.url_variable,)
        is_there = region(service, environ) if service.region_variables else environ.get(service.url_variable)
        if not service.base_url and environ.get(service.key_variable) and not is_there:
            notes.append(f"{service.key_variable} is set, but {lacking[0]} is not: {service.name} is left out.")
    return notes


def _from_file(name: str, value: object, environ: Mapping[str, str], problems: Problems) -> ProviderConfig | None:
    section = f"providers.{name}"
    if not _NAME.fullmatch(name):
        problems.add(f"[{section}]: a provider's name may hold letters, digits, dots, hyphens and underscores only.")
        return None
    table = table_of(section, value, problems)
    given = ProviderSection(**read_section(section, PROVIDER_SETTINGS, table, problems, {}))
    kind = given.kind or name
    if kind == SIMULATOR:
        return _simulator(name, given, table, problems)
    if kind not in SERVICES:
        _refuse_kind(section, name, given.kind, problems)
        return None
    return _resolve(name, given, _service(name, kind, given), environ, problems)


def _service(name: str, kind: str, given: ProviderSection) -> Service:
    # `kind = "openai"` with an address of its own is how any compatible service is written; what
    # OpenAI can do says nothing about those. Under the name `openai` it is OpenAI behind a proxy.
    if kind == COMPATIBLE.name and name != kind and given.base_url is not None:
        return COMPATIBLE
    return SERVICES[kind]


def _refuse_kind(section: str, name: str, kind: str | None, problems: Problems) -> None:
    known = (*SERVICES, SIMULATOR)
    if kind is not None:
        problems.add(f'[{section}] `kind` is no service known here: "{kind}"; {nearest(kind, known)}')
    else:
        problems.add(
            f'[{section}] needs a `kind`, because "{name}" is no service known here: "openai" for any that is '
            f"compatible, or one by name; {nearest(name, known)}"
        )


def _simulator(name: str, given: ProviderSection, table: Mapping[str, object], problems: Problems) -> ProviderConfig:
    for setting in _NOT_FOR_SIMULATOR:
        if setting in table:
            problems.add(f"[providers.{name}] is a simulator, which has no use for `{setting}`.")
    return ProviderConfig(
        name=name,
        models=given.models,
        default_model=_default_model(given, SIMULATOR_MODEL),
        limits=_limits(given),
        retries=given.retries,
        max_concurrent=given.max_concurrent,
        max_queued=given.max_queued,
    )


def _resolve(
    name: str, given: ProviderSection, service: Service, environ: Mapping[str, str], problems: Problems
) -> ProviderConfig | None:
    refuse_unknown(name, given, service, problems)
    place, version = find_region(name, given, service, environ), find_version(name, given, service, environ, problems)
    path = service.versioned_path if is_dated(version) else None
    base_url = _base_url(name, given, service, environ, problems, place, path)
    if base_url is None:
        return None
    several = _keys(name, given, environ, problems)
    key, key_variable = (several[0], "") if several else _key(name, given, service, environ, problems)
    if service.regional_url and key is None:
        if regional_url(name, place, service, problems) is None:
            return None
        # Nothing is missing where requests can be signed, unless a key was named.
        key_variable = given.api_key_env or ""
    return ProviderConfig(
        name=name,
        service=service,
        base_url=base_url,
        key=key,
        key_variable=key_variable,
        region=place,
        api_version=version,
        more_keys=several[1:],
        key_weights=given.key_weights,
        models=given.models,
        default_model=_default_model(given, service.default_model),
        headers=given.headers,
        endpoints=given.endpoints or service.endpoints,
        limits=_limits(given),
        retries=given.retries,
        max_concurrent=given.max_concurrent,
        max_queued=given.max_queued,
    )


def _base_url(
    name: str,
    given: ProviderSection,
    service: Service,
    environ: Mapping[str, str],
    problems: Problems,
    place: str,
    path: str | None,
) -> str | None:
    """The address, tried out as it will be used; None when that was a problem."""
    variable = service.url_variable
    if given.base_url is not None:
        label, url = f"[providers.{name}] `base_url`", given.base_url.rstrip("/")
    elif environ.get(variable):
        label = variable
        try:
            url = address(service, environ[variable], path)
        except ValueError:
            problems.add(f"{variable} must be the address of {service.title}.")
            return None
    elif service.base_url:
        label, url = f"[providers.{name}]", service.base_url
    elif service.regional_url:
        return regional_url(name, place, service, problems)
    else:
        problems.add(f"[providers.{name}] needs a `base_url`, or the variable {variable}.")
        return None
    wrong = slip(url, service, by_deployment=path is not None)
    if wrong:
        problems.add(f"{label} {wrong}.")
    return url if not wrong and _is_usable(label, url, given, problems) else None


def _is_usable(label: str, url: str, given: ProviderSection, problems: Problems) -> bool:
    if "?" in url:
        problems.add(f"{label}: The URL must not have a query, because paths are added to it.")
        return False
    headers = {name: value.reveal() for name, value in given.headers.items()}
    for what, fields in ((label, {}), (f"{label.partition(' ')[0]} `headers`", headers)):
        try:
            Target("POST", f"{url}/chat/completions", fields)
        except ValueError as error:
            problems.add(f"{what}: {error}")
            return False
    return True


def _key(
    name: str, given: ProviderSection, service: Service, environ: Mapping[str, str], problems: Problems
) -> tuple[Secret | None, str]:
    """The key, and the variable it comes from."""
    if given.api_key is not None and given.api_key_env is not None:
        problems.add(f"[providers.{name}] must have `api_key` or `api_key_env`, not both.")
    if given.api_key is not None:
        return given.api_key, ""
    variable = given.api_key_env
    if variable is None:
        # A service's own key goes to the service's own address, or where its own section sends it;
        # a stranger's address under another name must not get it for nothing.
        is_own = given.base_url is None or name == service.name
        variable = (key_variable(service, environ) or service.key_variable) if is_own else ""
    if not environ.get(variable):
        return None, variable
    try:
        return SECRET.read(environ[variable]), variable
    except ValueError:
        problems.add(f"{variable} must be {SECRET.words}.")
        return None, variable


def _keys(name: str, given: ProviderSection, environ: Mapping[str, str], problems: Problems) -> tuple[Secret, ...]:
    """Several keys, where there are several."""
    said = [setting for setting in ("api_key", "api_key_env", "api_keys", "api_keys_env") if getattr(given, setting)]
    if len(said) > 1 and said != ["api_key", "api_key_env"]:
        problems.add(f"[providers.{name}] must have {' or '.join(f'`{setting}`' for setting in said)}, not both.")
    found = [*given.api_keys]
    for variable in given.api_keys_env:
        try:
            found.append(SECRET.read(environ.get(variable)))
        except ValueError:
            problems.add(f"[providers.{name}] `api_keys_env`: {variable} must be {SECRET.words}.")
    if given.key_weights and len(given.key_weights) != len(found):
        problems.add(f"[providers.{name}] `key_weights` must have one number for each of several keys.")
    return tuple(found)


def _default_model(given: ProviderSection, otherwise: str) -> str:
    return given.default_model or (given.models[0] if given.models else otherwise)


def _limits(given: ProviderSection) -> Limits:
    return Limits(
        connect=given.connect_timeout,
        first_event=given.first_event_timeout,
        whole=given.whole_timeout,
        idle=given.idle_timeout,
        total=given.total_timeout,
    )
