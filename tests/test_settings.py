"""aurora.toml and the environment: what is wrong is told in one sentence with file and line."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from aurora.errors import SettingsError
from aurora.settings import Frozen, Secret, Settings, SourceSettings, environment_for, load, option_error


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "aurora.toml"


def refused(config: Path, text: str | bytes) -> str:
    config.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        load(config=config)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(config) in sentence
    return sentence


SOURCE = '[[source]]\nname = "a"\nconnector = "host"\n'


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("\ncolour = 1\n", "line 2", "no such setting"),
        ("\n\nport = 70000\n", "line 3", "port"),
        ('port = "x"\n', "line 1", "whole number"),
        ('currency = "usd"\n', "line 1", "currency"),
        ("demo = 7\n", "line 1", "demo"),
        ("stale_after_intervals = 0\n", "line 1", "stale_after_intervals"),
        ("[retention]\nraw_answers = 30\n", "line 2", '"30s", "5m"'),
        ("[retention]\nfor_ever = 30\n", "line 2", "no such setting"),
        (SOURCE + 'every = "0s"\n', "line 4", "no duration"),
        (SOURCE + SOURCE.replace('"a"', '"A b"'), "line 5", "lower-case"),
        (SOURCE + '[[source]]\nname = "b"\n', "line 4", "connector: it is missing"),
        (SOURCE + "\n" + SOURCE, "line 6", "a second source is named 'a'"),
        ("source = 5\n", "line 1", "source"),
        ("port = \n", "line 1", "not TOML"),
        ("a = 1\n[[source]\n", "line 2", "not TOML"),
        (b'port = 8501\ncompany = "caf\xe9"\n', "line 2", "UTF-8"),
    ],
)
def test_a_wrong_file_gets_one_sentence(config: Path, text: str | bytes, line: str, word: str) -> None:
    sentence = refused(config, text)
    assert line in sentence
    assert word in sentence


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="this is no file"):
        load(config=tmp_path)


def test_a_file_is_read(config: Path) -> None:
    config.write_text(
        'port = 9000\ndata = "Büro"\ncurrency = "EUR"\n' + SOURCE + 'every = "30s"\ncount = 3\n', encoding="utf-8"
    )
    settings = load(config=config)
    assert (settings.port, settings.data.name, settings.source_names) == (9000, "Büro", ("a",))
    assert settings.source[0].every == timedelta(seconds=30)
    assert settings.currency == "EUR"
    assert settings.source[0].options == {"count": 3}


def test_no_file_means_the_defaults(config: Path) -> None:
    settings = load(config=config)
    assert (settings.port, settings.demo, settings.source) == (8501, True, ())


def test_argument_before_environment_before_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text('port = 9000\ndata = "mine"\n')
    assert load(config=config).data == config.parent / "mine"
    monkeypatch.setenv("AURORA_CONFIG", str(config))
    assert load().port == 9000
    monkeypatch.setenv("PORT", "9100")
    monkeypatch.setenv("AURORA_DATA", str(config.parent / "other"))
    assert (load().port, load().data) == (9100, config.parent / "other")
    assert load(port=9200, data=config.parent / "third").port == 9200
    assert load(data=config.parent / "third").lake == config.parent / "third" / "lake"


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_wrong_port_in_the_environment_is_named(config: Path, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(SettingsError, match=f"environment variable PORT is '{port}'"):
        load(config=config)


def test_a_child_loads_the_same_settings(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(data=config.parent / "d", config=config, port=9300)
    for name, value in environment_for(settings).items():
        monkeypatch.setenv(name, value)
    assert load() == settings


def test_settings_do_not_change(config: Path) -> None:
    settings = load(config=config)
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1
    with pytest.raises(ValidationError, match="frozen"):
        settings.retention.raw_answers = timedelta(1)


class Options(Frozen):
    """Options of a connector with a secret."""

    token: Secret
    limit: int = 5


def test_a_secret_is_named_and_read_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options.model_validate({"token": "env:MY_TOKEN"})
    with pytest.raises(SettingsError, match="MY_TOKEN is not set"):
        options.token.reveal()
    monkeypatch.setenv("MY_TOKEN", "s3cret")
    assert options.token.reveal() == "s3cret"
    assert "s3cret" not in repr(options)


@pytest.mark.parametrize("value", ["s3cret", "env:", "env:1X", "ENV:X", 5])
def test_a_secret_does_not_stand_in_the_file(value: object) -> None:
    with pytest.raises(ValidationError, match="secrets do not stand in this file"):
        Options.model_validate({"token": value})


def test_wrong_options_of_a_source_name_its_line(config: Path) -> None:
    config.write_text(SOURCE + '[[source]]\nname = "b"\nconnector = "x"\ntoken = "env:T"\nlimit = "much"\n')
    settings = load(config=config)
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(settings.source[1].options)
    sentence = str(option_error(settings, "b", caught.value))
    assert sentence.startswith(f"{config}, line 8: limit: ")


def test_a_source_by_hand_has_the_defaults() -> None:
    source = SourceSettings(name="x", connector="host")
    assert (source.every, source.time_limit, source.options) == (None, timedelta(minutes=5), {})
    assert Settings.model_config["frozen"]
