"""The command line. Nothing heavy is imported before it is known which command was asked for."""


def main() -> None:
    """Run `headgate` with this process's arguments."""
    from headgate.cli.commands import app

    app(prog_name="headgate")
