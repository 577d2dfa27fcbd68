"""Where the todos are, and whose they are."""

from pathlib import Path

import pytest

from headgate.config import Config, ConfigError, load


def loaded(folder: Path, text: str, **environ: str) -> Config:
    """The configuration of a file and variables."""
    file = folder / "headgate.toml"
    file.write_text(text)
    return load(file, environ)


def test_by_default_each_key_has_its_own_beside_the_store(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert config.database.url is None
    assert (config.todos.shared, config.todos.max) == ("no", 10_000)


@pytest.mark.parametrize(
    "url", ["memory", "sqlite:///todos.db", "sqlite://", "postgresql+psycopg://me:hush@h:5432/x?a=b"]
)
def test_a_database_is_named_by_its_url_which_is_never_shown(tmp_path: Path, url: str) -> None:
    for config in (loaded(tmp_path, f'[database]\nurl = "{url}"\n'), loaded(tmp_path, "", HEADGATE_DATABASE_URL=url)):
        assert config.database.url is not None
        assert config.database.url.reveal() == url
        assert "hush" not in repr(config)


def test_a_url_that_is_none_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be a database's URL") as caught:
        loaded(tmp_path, '[database]\nurl = "my secret"\n')
    assert "my secret" not in caught.value.message


def test_whose_todos_they_are_is_one_of_three(tmp_path: Path) -> None:
    assert loaded(tmp_path, '[todos]\nshared = "everybody"\nmax = 5\n').todos.max == 5
    with pytest.raises(ConfigError, match="shared"):
        loaded(tmp_path, "[todos]\nshared = true\n")
