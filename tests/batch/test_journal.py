"""The journal: what is finished is known again, what is being made is left alone, and no crash fools it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ganfx.atomic import part_of
from ganfx.batch.homes import Home
from ganfx.batch.journal import NAME, Claim, Journal
from ganfx.batch.records import Lookup
from ganfx.errors import OutputError, UnreadableError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.jpg"
    path.write_bytes(b"a picture")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "out"
    path.mkdir()
    return path


def appear(claim: Claim, content: bytes) -> None:
    """What a writer does once its file is whole."""
    part = part_of(claim.target, claim.token)
    part.write_bytes(content)
    claim.about_to_appear(part)
    os.replace(part, claim.target)


def make(journal: Journal, source: Path, target: Path, recipe: str = "x4", content: bytes = b"a result") -> None:
    claim = journal.claim(source, target, recipe)
    assert claim
    with claim:
        appear(claim, content)
        claim.finish()


def test_a_result_is_current_while_nothing_changes(source: Path, folder: Path) -> None:
    target = folder / "a.jpg"
    with Journal(Home(folder)) as journal:
        assert not journal.is_current(source, target, "x4")
        make(journal, source, target)
        assert journal.is_current(source, target, "x4")
    with Journal(Home(folder)) as later:
        assert later.is_current(source, target, "x4")
        assert not later.is_current(source, target, "x2")
        assert later.origin(target)
        assert not later.origin(source)


def test_bytes_count_and_not_times_or_names(source: Path, folder: Path, tmp_path: Path) -> None:
    target = folder / "a.jpg"
    with Journal(Home(folder)) as journal:
        make(journal, source, target)
        os.utime(source)
        os.utime(target)
        renamed = source.rename(source.with_name("b.jpg"))
        assert journal.is_current(renamed, target, "x4")
        renamed.write_bytes(b"A picture")
        assert not journal.is_current(renamed, target, "x4")


def test_a_result_that_was_changed_since_is_neither_current_nor_own(source: Path, folder: Path) -> None:
    target = folder / "a.jpg"
    with Journal(Home(folder)) as journal:
        make(journal, source, target)
        target.write_bytes(b"A Result")
        assert not journal.is_current(source, target, "x4")
        assert not journal.origin(target)
        record = journal.made(target)
        assert record
        assert record.source == source


def test_a_result_is_known_where_it_was_moved(source: Path, folder: Path) -> None:
    with Journal(Home(folder)) as journal:
        make(journal, source, folder / "a.jpg")
        moved = (folder / "a.jpg").rename(folder / "b.jpg")
        assert journal.origin(moved)
        assert not journal.is_current(source, folder / "a.jpg", "x4")


def test_a_picture_that_was_only_copied_is_not_taken_for_its_copy(source: Path, folder: Path) -> None:
    with Journal(Home(folder)) as journal:
        make(journal, source, folder / "a.jpg", content=source.read_bytes())
        assert journal.origin(folder / "a.jpg")
        assert not journal.origin(source)


def test_the_folder_may_be_moved(source: Path, folder: Path) -> None:
    with Journal(Home(folder)) as journal:
        make(journal, source, folder / "a.jpg")
    moved = folder.rename(folder.with_name("elsewhere"))
    with Journal(Home(moved)) as journal:
        assert journal.is_current(source, moved / "a.jpg", "x4")


def test_one_claim_at_a_time(source: Path, folder: Path) -> None:
    target = folder / "a.jpg"
    with Journal(Home(folder)) as one, Journal(Home(folder)) as other:
        claim = one.claim(source, target, "x4")
        assert claim
        assert other.claim(source, target, "x4") is None
        assert one.claim(source, target, "x4") is None
        with claim:
            pass
        assert other.claim(source, target, "x4")


def test_a_source_that_is_gone_is_an_error_of_the_item(tmp_path: Path, folder: Path) -> None:
    with Journal(Home(folder)) as journal, pytest.raises(UnreadableError, match="no such file"):
        journal.claim(tmp_path / "absent.jpg", folder / "a.jpg", "x4")


KILLED = """
import os, signal
from pathlib import Path
from ganfx.batch.homes import Home
from ganfx.batch.journal import Journal
from ganfx.atomic import part_of
source, target = Path({source!r}), Path({target!r})
claim = Journal(Home(target.parent)).claim(source, target, "x4")
part = part_of(target, claim.token)
part.write_bytes(b"a result")
{steps}
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("steps", "finished"),
    [
        ("", False),
        ("claim.about_to_appear(part)", False),
        ("claim.about_to_appear(part); os.replace(part, target)", True),
        (
            "claim.about_to_appear(part); os.replace(part, target); claim.finish(); claim.__exit__(None, None, None)",
            True,
        ),
    ],
    ids=["writing", "noted", "in place", "finished"],
)
def test_a_killed_run_leaves_nothing_half_done(steps: str, finished: bool, source: Path, folder: Path) -> None:
    target = folder / "a.jpg"
    script = textwrap.dedent(KILLED).format(source=str(source), target=str(target), steps=steps)
    subprocess.run([sys.executable, "-c", script], check=False, cwd=ROOT)
    with Lookup() as lookup:
        earlier = lookup.of(Home(folder))
        assert earlier
        assert (earlier.origin(target) is not None) == finished
        earlier.close()
    with Journal(Home(folder)) as journal:
        assert journal.is_current(source, target, "x4") == finished
        assert {path.name for path in folder.iterdir()} == {NAME, *(["a.jpg"] if finished else [])}
        assert journal.claim(source, target, "x4")


def test_an_earlier_result_stays_known_until_the_new_one_is_in_its_place(source: Path, folder: Path) -> None:
    target = folder / "a.jpg"
    with Journal(Home(folder)) as journal:
        make(journal, source, target)
        claim = journal.claim(source, target, "x2")
        assert claim
        with claim:
            part = part_of(target, claim.token)
            part.write_bytes(b"another result")
            claim.about_to_appear(part)
            assert journal.is_current(source, target, "x4")
            part.unlink()
        assert journal.is_current(source, target, "x4")


def test_a_damaged_journal_is_kept_aside(source: Path, folder: Path) -> None:
    (folder / NAME).write_bytes(b"this is no database" * 100)
    with Journal(Home(folder)) as journal:
        make(journal, source, folder / "a.jpg")
        (note,) = journal.notes
    assert "damaged" in note
    assert [path.read_bytes()[:4] for path in folder.glob(f"{NAME}.damaged-*")] == [b"this"]
    with Journal(Home(folder)) as later:
        assert not later.notes
        assert later.is_current(source, folder / "a.jpg", "x4")


def test_a_torn_journal_is_noticed(source: Path, folder: Path) -> None:
    with Journal(Home(folder)) as journal:
        for number in range(20):
            make(journal, source, folder / f"{number}.jpg", recipe="x" * 4000)
    os.truncate(folder / NAME, (folder / NAME).stat().st_size // 2)
    with Journal(Home(folder)) as later:
        assert later.notes


def test_a_journal_of_a_newer_ganfx_is_left_alone(source: Path, folder: Path) -> None:
    with Journal(Home(folder)) as journal:
        make(journal, source, folder / "a.jpg")
    connection = sqlite3.connect(folder / NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = (folder / NAME).read_bytes()
    with Journal(Home(folder)) as journal:
        (note,) = journal.notes
        assert "left alone" in note
        assert not journal.is_current(source, folder / "a.jpg", "x4")
        make(journal, source, folder / "b.jpg")
    with Journal(Home(folder)) as later:
        assert not later.notes
        assert later.is_current(source, folder / "b.jpg", "x4")
    assert (folder / NAME).read_bytes() == before


def test_without_a_folder_there_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be used"):
        Journal(Home(tmp_path / "absent"))
    with Lookup() as lookup:
        assert lookup.of(Home(tmp_path)) is None


def test_many_runs_at_once_share_the_work(tmp_path: Path, folder: Path) -> None:
    sources = tmp_path / "in"
    sources.mkdir()
    for number in range(30):
        (sources / f"{number}.jpg").write_bytes(str(number).encode())
    script = textwrap.dedent(f"""
        import os
        from pathlib import Path
        from ganfx.batch.homes import Home
        from ganfx.batch.journal import Journal
        from ganfx.atomic import part_of
        made = 0
        with Journal(Home(Path({str(folder)!r}))) as journal:
            for source in sorted(Path({str(sources)!r}).iterdir()):
                target = journal.folder / source.name
                claim = journal.claim(source, target, "x4")
                if claim is None:
                    continue
                with claim:
                    if journal.is_current(source, target, "x4"):
                        continue
                    part = part_of(target, claim.token)
                    part.write_bytes(b"made of " + source.read_bytes())
                    claim.about_to_appear(part)
                    os.replace(part, target)
                    claim.finish()
                    made += 1
        print(made)
    """)
    runs = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(3)
    ]
    counts = [int(run.communicate(timeout=120)[0]) for run in runs]
    assert sum(counts) == 30
    assert {path.name for path in folder.iterdir()} == {NAME, *(f"{number}.jpg" for number in range(30))}
    shutil.rmtree(folder)
