"""Reports on their days, by a clock that the test holds: each period once, by e-mail and into the folder."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aurora.contracts import Row
from aurora.contracts.platform import ReportRuns
from aurora.errors import AuroraError, SettingsError
from aurora.report_settings import Schedule, contrast
from aurora.reports import schedule as jobs
from aurora.reports.make import UNSURE
from aurora.reports.schedule import due, next_at, send_due
from aurora.settings import Settings, load
from tests.mail_sink import mail_sink
from tests.templates import copy_of
from warehouse.lake import Lake

SECRET = "hunter2-of-the-mail-server"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def one(**values: Any) -> Schedule:
    return Schedule(**({"report": "executive", "day": 2, "time": "07:00"} | values))


def run(period: str, status: str = "ok", tried: str = "2026-11-02T07:00", error: str | None = None) -> Row:
    parameters = json.dumps({"period": period})
    return {"parameters": parameters, "status": status, "started_at": at(tried), "error": error}


MAIL = "executive/2026-10/pdf/env:MAIL"
KEPT = "executive/2026-10/pdf/folder"
BOTH = one(to=("env:MAIL", "folder"))


@pytest.mark.parametrize(
    ("now", "runs", "periods"),
    [
        ("2026-11-02T06:59", [], []),
        ("2026-11-02T07:00", [], [MAIL, KEPT]),
        ("2026-11-04T06:00", [], [MAIL, KEPT]),
        ("2026-11-05T07:00", [], []),
        ("2026-11-02T07:01", [run(MAIL)], [KEPT]),
        ("2026-11-02T07:01", [run(MAIL), run(KEPT)], []),
        (
            "2026-12-02T07:01",
            [run(MAIL), run(KEPT)],
            ["executive/2026-11/pdf/env:MAIL", "executive/2026-11/pdf/folder"],
        ),
        ("2026-11-02T07:59", [run(MAIL, "failed"), run(KEPT)], []),
        ("2026-11-02T08:00", [run(MAIL, "failed"), run(KEPT)], [MAIL]),
        ("2026-11-02T09:00", [run(MAIL, "failed"), run(MAIL, "ok", "2026-11-02T08:00"), run(KEPT)], []),
        ("2026-11-02T09:00", [run(MAIL), run(MAIL, "failed", "2026-11-02T08:00"), run(KEPT)], []),
        ("2026-11-02T09:00", [run(MAIL, "failed", error=UNSURE), run(KEPT)], []),
        ("2026-11-02T07:01", [{**run(KEPT), "parameters": None}, run(MAIL)], [KEPT]),
    ],
)
def test_what_is_due(now: str, runs: list[Row], periods: list[str]) -> None:
    assert [turn.period for turn in due([BOTH], runs, at(now))] == periods


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2026-11-02T06:59", "2026-11-02T07:00"),
        ("2026-11-02T07:00", "2026-12-02T07:00"),
        ("2026-12-31T23:59", "2027-01-02T07:00"),
    ],
)
def test_when_it_is_due_next(now: str, wanted: str) -> None:
    assert next_at(one(), at(now)) == at(wanted)


@pytest.fixture
def mine(data: Path, unfilled: Path) -> Settings:
    copy_of(unfilled, data)
    told = {"schedule": [{"report": "mobile", "day": 2, "time": "07:00", "to": ["env:REPORT_MAIL", "folder"]}]}
    return Settings(data=data, config=data / "aurora.toml", demo=False, report=told)


def runs_of(lake: Lake) -> list[Row]:
    return lake.read(ReportRuns).sort("started_at").to_dicts()


def address(port: int, **more: str) -> str:
    options = {"from": "aurora@example.com", "to": "owner@example.com", "mode": "insecure"} | more
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return f"mailto://127.0.0.1:{port}?{query}"


DUE = datetime(2026, 11, 2, 7, 0, 30, tzinfo=UTC)


def test_a_report_goes_out_by_mail_and_into_the_folder_once(
    mine: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_sink() as sink:
        monkeypatch.setenv("REPORT_MAIL", address(sink.port))
        send_due(mine, lake, DUE - timedelta(minutes=1))
        assert sink.letters == []
        send_due(mine, lake, DUE)
        send_due(mine, Lake(mine.lake), DUE + timedelta(minutes=1))  # as after a restart
        assert len(sink.letters) == 1
        message = sink.message()
        assert (message["subject"], message["to"]) == ("Mobile report, October 2026", "owner@example.com")
        attached = next(message.iter_attachments())
        assert attached.get_content_type() == "application/pdf"
        assert attached.get_payload(decode=True)[:5] == b"%PDF-"
    told = runs_of(lake)
    assert [(row["status"], row["error"]) for row in told] == [("ok", None), ("ok", None)]
    assert all(Path(row["path"]).read_bytes()[:5] == b"%PDF-" for row in told)
    assert {Path(row["path"]).parent for row in told} == {mine.data / "reports"}


def test_a_server_that_refuses_is_told_and_asked_again_after_an_hour(
    mine: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_sink() as sink:
        monkeypatch.setenv("REPORT_MAIL", address(sink.port).replace("127.0.0.1", f"user:{SECRET}@127.0.0.1"))
        sink.answer = "554 no"
        send_due(mine, lake, DUE)
        failed = [row for row in runs_of(lake) if row["status"] == "failed"]
        assert "the mail server of REPORT_MAIL did not take it" in failed[0]["error"]
        sink.answer = "250 taken"
        send_due(mine, lake, DUE + timedelta(minutes=59))
        assert sink.letters == []
    monkeypatch.setenv("REPORT_MAIL", "")
    send_due(mine, lake, DUE + timedelta(hours=2))
    assert "environment variable REPORT_MAIL is not set" in runs_of(lake)[-1]["error"]
    assert SECRET not in caplog.text + json.dumps(runs_of(lake), default=str)


@pytest.mark.parametrize(
    "secret",
    ["json://127.0.0.1:9/hook", "file:///etc/passwd", "slack://a/b/c", "not an address", "mailto://a mailto://b",
     "mailto://a?to=b,json://127.0.0.1:9"],
)  # fmt: skip
def test_nothing_leaves_but_by_mail(secret: str, mine: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_MAIL", secret)
    send_due(mine, lake, DUE)
    failed = next(row for row in runs_of(lake) if row["status"] == "failed")
    assert failed["error"].startswith("environment variable REPORT_MAIL holds no e-mail address")
    assert secret not in json.dumps(runs_of(lake), default=str)


def test_one_that_ends_while_it_is_sent_is_not_sent_a_second_time(
    mine: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(made: object, target: str) -> None:
        raise Killed

    monkeypatch.setattr(jobs, "send", killed)
    with pytest.raises(Killed):
        send_due(mine, lake, DUE)
    assert [row["error"] for row in runs_of(lake)] == [UNSURE]
    sent: list[str] = []
    monkeypatch.setattr(jobs, "send", lambda made, target: sent.append(target))
    send_due(mine, lake, DUE + timedelta(hours=3))
    assert sent == []


def test_a_fault_of_one_report_leaves_the_next_alone(
    mine: Settings, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(made: object, target: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "send", broken)
    send_due(mine, lake, DUE)
    assert sorted(row["status"] for row in runs_of(lake)) == ["failed", "ok"]
    assert "a fault of Aurora itself" in next(row["error"] for row in runs_of(lake) if row["status"] == "failed")


HEAD = "port = 1\n\n[report]\n"
TURN = '[[report.schedule]]\nreport = "mobile"\n'


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (HEAD + 'accent = "blue"\n', 4, '"#RRGGBB"'),
        (HEAD + 'company = "A"\naccent = "#FFDD00"\n', 5, "cannot be read on white paper"),
        (HEAD + 'logo = "logo.exe"\n', 4, "ends in .svg, .png or .jpg"),
        (HEAD + "colour = 1\n", 4, "there is no such setting"),
        (HEAD + TURN + "day = 31\n", 6, "day"),
        (HEAD + TURN + TURN + 'time = "7 o\'clock"\n', 8, "time of day"),
        (HEAD + TURN + 'to = ["owner@example.com"]\n', 6, '"env:NAME"'),
        (HEAD + TURN + 'to = ["mailto://user:secret@example.com"]\n', 6, '"env:NAME"'),
        (HEAD + TURN + 'to = ["../../etc"]\n', 6, '"folder"'),
        (HEAD + '[[report.schedule]]\nreport = "gossip"\n', 5, "report"),
    ],
)
def test_wrong_settings_get_one_sentence_with_their_line(tmp_path: Path, text: str, line: int, word: str) -> None:
    config = tmp_path / "aurora.toml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(config=config)
    assert f"line {line}:" in str(caught.value)
    assert word in str(caught.value)
    assert isinstance(caught.value, AuroraError)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#FFFFFF") == pytest.approx(1)
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#0369A1") == pytest.approx(5.93, abs=0.01)
