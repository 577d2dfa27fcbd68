"""What is configured of channels, in the words of those who make them."""

from headgate.channels import Bounds as ChannelBounds
from headgate.config import Config
from headgate.dialects import mercure as mercure_dialect
from headgate.dialects import messaging as messaging_dialect


def bounds_of(config: Config) -> ChannelBounds:
    channels = config.channels
    return ChannelBounds(
        history=channels.history,
        history_size=channels.history_size,
        history_age=channels.history_age,
        total_size=channels.max_size,
        channels=channels.max_channels,
        channels_per_connection=channels.channels_per_connection,
        keep_alive=config.server.keep_alive,
    )


def messaging_of(
    config: Config,
) -> tuple[messaging_dialect.Reach, messaging_dialect.Limits, messaging_dialect.Anonymous]:
    channels = config.channels
    reach = messaging_dialect.Reach({key.name: key.channels for key in config.keys if key.channels is not None})
    limits = messaging_dialect.Limits(
        message=channels.max_message,
        messages_per_second=channels.messages_per_second,
        connections_per_key=channels.connections_per_key,
    )
    return reach, limits, channels.anonymous


def mercure_of(config: Config) -> mercure_dialect.Settings:
    mercure, server = config.mercure, config.server
    return mercure_dialect.Settings(
        keys={
            role: mercure_dialect.Key(key.reveal(), mercure.algorithms_of(key)) for role, key in mercure.keys.items()
        },
        audience=mercure.audience,
        issuers=mercure.issuers,
        takes_older=mercure.older_tokens,
        anonymous=mercure.anonymous,
        origins=server.cors_origins,
        history=mercure_dialect.HistoryBounds(
            count=mercure.history, size=mercure.history_size, age=mercure.history_age
        ),
        max_subscribers=mercure.max_subscribers,
        max_update=mercure.max_update,
        body_timeout=server.body_timeout,
        keep_alive=server.keep_alive,
        public_url=server.public_url,
    )
