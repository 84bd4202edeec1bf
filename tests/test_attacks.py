"""What people must not get from the SQL explorer: each statement of attacks.toml, and bombs while others ask."""

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aurora.errors import AuroraError, CancelledError, QueryError, RefusedError
from aurora.explore.ask import Handle, Limits, ask, save
from aurora.explore.child import Place
from aurora.explore.guard import ENGINES_OWN, LEAKING, NO_FILE
from aurora.explore.process import ENVIRONMENT, Process
from tests.frames import ROOT
from warehouse.publish import current

SECRET = "kept-4f1c"  # stands in files and in the environment, and must never be told
KNOWN = tomllib.loads((ROOT / "tests" / "attacks.toml").read_text(encoding="utf-8"))
ATTACKS = [(kind, sql) for kind, groups in KNOWN.items() for group in groups.values() for sql in group]
# As a query's process, but for all attacks: one would take a minute of starting processes.
RUNNER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from aurora.explore.child import Place, Request, _answered, opened
from aurora.explore.sandbox import confine, limit
place = Place(*sys.argv[2:4])
held = confine([Path(place.file).parent, Path(place.lake)])
con = opened(place)
import aurora.explore.child as child
limit(4000, 300, 300)
child.limit = lambda *args: None
import pyarrow as pa
for line in sys.stdin:
    told, rows = _answered(Request(place, json.loads(line)), con)
    told["rows"] = str(pa.ipc.open_stream(rows).read_all().to_pylist()) if rows else ""
    print(json.dumps(told | {"held": held}), flush=True)
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with secrets that is nobody's business."""
    folder = tmp_path_factory.mktemp("outside")
    for name in ("secret.txt", "secret.csv", "secret.json"):
        (folder / name).write_text(f'"{SECRET}"\n')
    return folder


@pytest.fixture(scope="module")
def told(explored: Path, outside: Path) -> Iterator[dict[str, Any]]:
    """What came of each attack, in one process; nothing was written by any of them."""
    data = explored.parent
    (data / "lake" / "secret.csv").write_text(f"a\n{SECRET}\n")
    before = [tree(data), tree(outside)]
    places = {"{lake}": str(data / "lake"), "{outside}": str(outside), "{file}": str(generation(explored))}
    sent = "".join(json.dumps(filled(sql, places)) + "\n" for _, sql in ATTACKS)
    run = subprocess.run(
        [sys.executable, "-I", "-c", RUNNER, str(ROOT), str(generation(explored)), str(data / "lake")],
        input=sent, env=ENVIRONMENT, capture_output=True, text=True, cwd=outside, timeout=300,
    )  # fmt: skip
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0, run.stderr
    assert [tree(data), tree(outside)] == before
    yield dict(zip((sql for _, sql in ATTACKS), answers, strict=True))
    (data / "lake" / "secret.csv").unlink()


def filled(sql: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        sql = sql.replace(name, place)
    return sql


def generation(published: Path) -> Path:
    found = current(published)
    assert found
    return published / found.file


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    found = {str(path): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def test_there_are_many_attacks_and_each_is_another() -> None:
    assert len({sql for _, sql in ATTACKS}) == len(ATTACKS) > 250


@pytest.mark.parametrize(("kind", "sql"), ATTACKS)
def test_nothing_escapes(told: dict[str, Any], explored: Path, outside: Path, kind: str, sql: str) -> None:
    answer = told[sql]
    expected = {"refused": {"refused"}, "stopped": {"failed", "refused"}, "harmless": {"ok", "failed"}}[kind]
    assert answer["kind"] in expected, answer
    words = answer["rows"] + answer.get("message", "")
    for place in ("{lake}", "{outside}", "{file}"):
        # What somebody sent may come back to them; nothing else of the machine is told.
        words = (
            words.replace(
                filled(
                    place,
                    {
                        "{lake}": str(explored.parent / "lake"),
                        "{outside}": str(outside),
                        "{file}": str(generation(explored)),
                    },
                ),
                "",
            )
            if place in sql
            else words
        )
    for secret in (SECRET, str(explored.parent), str(outside), str(ROOT), sys.prefix, str(Path.home()) + "/", "root:"):
        assert secret not in words, answer


def test_most_attacks_are_refused_with_a_sentence(told: dict[str, Any]) -> None:
    for kind, sql in ATTACKS:
        if kind == "refused" and told[sql]["kind"] == "refused":
            assert len(told[sql]["message"]) > 20, sql
            assert told[sql]["message"].endswith((".", ")")), sql


def test_a_harmless_question_is_answered_between_them(told: dict[str, Any]) -> None:
    assert told["values (1), (2)"]["kind"] == "ok"
    assert told["describe commits"]["kind"] == "ok"
    assert told["explain analyze from commits"]["kind"] == "ok"


def test_none_of_auroras_tables_is_called_as_the_engines_own(explored: Path) -> None:
    with duckdb.connect(str(generation(explored)), read_only=True) as con:
        names = con.execute("select table_name from information_schema.tables where table_schema = 'main'").fetchall()
        own = con.execute("select function_name from duckdb_functions() where not internal").fetchall()
    assert [name for (name,) in names if ENGINES_OWN.match(name) or not NO_FILE.fullmatch(name)] == []
    assert [name for (name,) in own if LEAKING.fullmatch(name)] == []


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("select $a as a", {"a": "x'; copy (select 1) to '/tmp/x'; --"}),
        ("from read_text($a)", {"a": "/etc/passwd"}),
        ("from query($a)", {"a": "select 1"}),
        ("select current_setting($a)", {"a": "secret_directory"}),
        ("from $a", {"a": "/etc/passwd"}),
        ("select * from commits limit $a", {"a": "1; drop view commits"}),
        ("from range($a)", {"a": "(select count(*) from glob('/*'))"}),
        ("select * from commits order by $a", {"a": "(select content from read_text('/etc/passwd'))"}),
        ("explain select $a", {"a": "/etc/passwd"}),
        ("select $a::json->'x'", {"a": '{"x": "\'"}'}),
    ],
)
def test_parameters_are_values_and_nothing_else(explored: Path, sql: str, params: dict[str, object]) -> None:
    try:
        answer = str(ask(explored, sql, params).frame.to_dicts())
    except (QueryError, RefusedError) as error:
        answer = str(error)
    assert "root:" not in answer
    assert sql != "select $a as a" or answer == str([{"a": params["a"]}])


BOMBS = {
    "list": "select sum(x) from (select unnest(range(1000000000)) as x)",
    "text": "select length(repeat('x', 2000000000) || repeat('y', 2000000000))",
    "texts": "select list(repeat(i::varchar, 1000000)) from range(100000) t(i)",
    "many texts": "select string_agg(repeat('x', 1000000), '') from range(10000)",
    "cross join": "select count(*) from range(1000000000) a, range(1000000000) b where a.range + b.range = 7",
    "levenshtein": "select levenshtein(repeat('ab', 60000), repeat('ba', 60000))",
    "endless recursion": "with recursive t as (select 1 as n union all select n + 1 from t) select max(n) from t",
    "growing recursion": "with recursive t as (select [1] as l union all select l || l from t) select count(*) from t",
    "padding": "select rpad('x', 2000000000, 'y')",
    "printf": "select format('{:2000000000}', 1)",
    "huge list": "select range(4000000000)",
    "list of lists": "select [range(100000000), range(100000000), range(100000000), range(100000000)]",
    "regex": "select regexp_replace(repeat('a', 100000000), '(a*)*b', 'x', 'g')",
    "sort": "select * from (select hash(range) as h, repeat('x', 100) as x from range(1000000000)) order by h limit 1",
    "distinct": "select count(distinct hash(range)) from range(10000000000)",
    "group": "select hash(range), list(range) from range(10000000000) group by 1",
    "product": "select list_product(list_transform(range(100000000), lambda x: x * random()))",
    "huge number": "select 9::bignum ** 100000",
    "wide rows": "select repeat('x', 100000000) as x from range(100)",
    "nested brackets": "select " + "(" * 20000 + "1" + ")" * 20000,
    "nested lists": "select " + "[" * 20000 + "1" + "]" * 20000,
    "nested queries": "select * from (" * 3000 + "select 1" + ")" * 3000,
    "long sum": "select 1" + " + 1" * 20000,
    "long or": "select 1 where " + " or ".join(["1 = 2"] * 10000),
    "many columns": "select " + ", ".join(["1"] * 40000),
    "many unions": " union all ".join(["select 1"] * 5000),
    "long text": "select '" + "x" * 200000 + "'",
    "many names": "with " + ", ".join(f"a{i} as (select 1)" for i in range(3000)) + " select 1",
    "doubling names": "with a0 as (select 1 as x), "
    + ", ".join(f"a{i + 1} as (select a.x from a{i} a, a{i} b)" for i in range(40)) + " from a40",
}  # fmt: skip


@pytest.fixture(scope="module")
def ended(explored: Path) -> dict[str, str]:
    """What became of each bomb; as many at once as there are places."""

    def throw(name: str, actor: str) -> str:
        try:
            ask(explored, BOMBS[name], actor=actor, limits=Limits(wall_s=1.0, cpu_s=5))
        except (QueryError, RefusedError) as error:
            return str(error)
        return "answered"

    with ThreadPoolExecutor(3) as pool:
        actors = (f"actor-{number % 3}" for number, _ in enumerate(BOMBS))
        return dict(zip(BOMBS, pool.map(throw, BOMBS, actors), strict=True))


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_end_by_themselves(ended: dict[str, str], explored: Path, name: str) -> None:
    """Whatever becomes of it, it ends within its limits and says so without a word of the machine."""
    assert str(explored.parent) not in ended[name]
    assert re.search(r"more than|the most|depth|answered|nested|ran out", ended[name])
    assert len(ended[name]) < 2500


def test_questions_are_answered_after_bombs(ended: dict[str, str], explored: Path) -> None:
    assert len(ended) == len(BOMBS)
    assert ask(explored, "select 1 as a").frame["a"].to_list() == [1]


def test_others_are_answered_while_bombs_run(explored: Path) -> None:
    handles, ended = [Handle() for _ in range(4)], list[str]()

    def throw(handle: Handle) -> None:
        try:
            ask(explored, BOMBS["cross join"], actor="mallory", limits=Limits(wall_s=60, cpu_s=120), handle=handle)
        except CancelledError:
            ended.append("stopped")
        except AuroraError as error:
            ended.append(str(error))

    threads = [threading.Thread(target=throw, args=(handle,)) for handle in handles]
    for thread in threads:
        thread.start()
    answers = [ask(explored, "select count(*) as n from commits", actor="alice").frame["n"][0] for _ in range(3)]
    still = [thread.is_alive() for thread in threads]
    for handle in handles:
        handle.cancel()
    for thread in threads:
        thread.join(30)
    assert answers == [1, 1, 1]
    assert all(still)
    assert ended == ["stopped"] * 4


def test_a_process_has_nothing_of_ours(explored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the environment, no open file but its three pipes."""
    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not tell what a process has open")
    monkeypatch.setenv("AURORA_TEST_SECRET", SECRET)
    with open(os.devnull) as kept:
        os.set_inheritable(kept.fileno(), True)
        process = Process(Place(str(generation(explored)), str(explored.parent / "lake")))
    folder = Path(f"/proc/{process._process.pid}")
    environment = (folder / "environ").read_bytes()
    opened = {path.name for path in (folder / "fd").iterdir()}
    process.kill()
    assert SECRET.encode() not in environment
    assert {"0", "1", "2"} <= opened
    assert str(kept.fileno() if not kept.closed else "") not in opened


def test_a_save_writes_nothing_but_its_file(explored: Path, tmp_path: Path) -> None:
    for sql in ("copy (select 1) to 'y.csv'", "select * from read_text('/etc/passwd')", "select 1; select 2"):
        with pytest.raises(RefusedError):
            save(explored, sql, {}, tmp_path / "x.csv", "csv")
    assert list(tmp_path.iterdir()) == []


ENGINE_ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from aurora.explore.child import Place, opened
from aurora.explore.sandbox import confine
place = Place(*sys.argv[2:4])
print(sys.argv[4] == "held" and confine([Path(place.file).parent, Path(place.lake)]))
con = opened(place)
for sql in sys.argv[5:]:
    try:
        print(sql, "ok", con.execute(sql).fetchall())
    except Exception as error:
        print(sql, "failed", type(error).__name__)
"""


def engine_alone(explored: Path, how: str, *statements: str) -> list[str]:
    """What comes of statements that no guard looks at; the first line tells whether the kernel holds the process."""
    places = [str(generation(explored)), str(explored.parent / "lake")]
    run = subprocess.run(
        [sys.executable, "-I", "-c", ENGINE_ALONE, str(ROOT), *places, how, *statements],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return run.stdout.splitlines()


def test_the_engine_alone_keeps_files_and_settings(explored: Path, outside: Path) -> None:
    """The second wall, for the day on which the first has a hole."""
    statements = (
        f"select * from read_text('{outside}/secret.txt')",
        f"copy (select 1) to '{outside}/new.csv'",
        f"attach '{outside}/new.duckdb'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "insert into alerts_now select * from alerts_now",
        "install httpfs",
        "load httpfs",
    )
    _, *told = engine_alone(explored, "free", *statements)
    assert [line.removeprefix(sql).split()[0] for line, sql in zip(told, statements, strict=True)] == ["failed"] * 8
    assert not (outside / "new.csv").exists()


def test_the_kernel_alone_keeps_the_lake_from_being_written(explored: Path) -> None:
    """The third wall: the engine may write where it may read."""
    target = explored.parent / "lake" / "new.csv"
    held, *told = engine_alone(explored, "held", f"copy (select 1) to '{target}'", "select count(*) from commits")
    if held != "True":
        pytest.skip("this kernel has no Landlock")
    assert "failed" in told[0]
    assert told[1].endswith("ok [(1,)]")
    assert not target.exists()
