"""The configuration: a file and the environment, read once into frozen settings."""

from headgate.config.channels import Channels
from headgate.config.environment import VARIABLES, read_environment
from headgate.config.execution import FunctionsConfig
from headgate.config.keys import Key
from headgate.config.load import ClientConfig, Config, load, load_client
from headgate.config.observing import Log, Metrics, Otel
from headgate.config.problems import ConfigError
from headgate.config.providers import ProviderConfig
from headgate.config.secret import Secret
from headgate.config.settings import SETTINGS, Server, Setting, Store, Webhooks
from headgate.config.webhooks import EndpointConfig, secrets_of

__all__ = [
    "SETTINGS",
    "VARIABLES",
    "Channels",
    "ClientConfig",
    "Config",
    "ConfigError",
    "EndpointConfig",
    "FunctionsConfig",
    "Key",
    "Log",
    "Metrics",
    "Otel",
    "ProviderConfig",
    "Secret",
    "Server",
    "Setting",
    "Store",
    "Webhooks",
    "load",
    "load_client",
    "read_environment",
    "secrets_of",
]
