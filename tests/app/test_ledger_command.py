"""The ledger's commands as a person types them."""

import json
from pathlib import Path

from typer.testing import CliRunner

from energy.__main__ import app
from energy.ledger.writer import Ledger
from tests.ledger.sealed_ledger import T0, sealed, tamper


def replayed(*words: str, code: int) -> str:
    result = CliRunner().invoke(app, ["replay", *words])
    assert result.exit_code == code, result.output
    return result.stderr


def test_a_replay_of_nothing_proves_nothing(tmp_path: Path) -> None:
    sealed(tmp_path / "ledger.sqlite", days=2)
    place = ("musterstadt", "--data", str(tmp_path))
    turned = ("--from", "2020-06-01T06:00Z", "--to", "2020-06-01T05:00Z")
    said = replayed(*place, *turned, code=2)
    assert "--to" in said
    assert "after --from" in said
    empty = ("--from", "1999-06-01T05:00Z", "--to", "1999-06-01T06:00Z")
    assert "nothing is proven" in replayed(*place, *empty, code=1)
    assert "nothing is proven" in replayed(*place, *empty, "--json", code=1)


def asked(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["ledger", *words])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_head_segments_and_verify_say_the_same_in_words_and_as_json(tmp_path: Path) -> None:
    head = sealed(tmp_path / "ledger.sqlite", days=4)
    place = ("musterstadt", "--data", str(tmp_path))
    line = asked("head", *place).strip()
    assert line.endswith(head)
    assert json.loads(asked("head", *place, "--json"))["hash"] == head
    listed = json.loads(asked("segments", *place, "--json"))
    assert [item["first"] for item in listed["segments"]] == [1, 7, 14]
    assert listed["segments"][0]["file_name"] in asked("segments", *place)
    noted = tmp_path / "heads.txt"
    noted.write_text(f"{line}\n\n{line}\n", encoding="utf-8")
    found = json.loads(asked("verify", *place, "--heads", str(noted), "--json"))
    assert (found["whole"], found["heads"], found["segments"], found["ledger_head"]) == (True, 2, 3, head)
    assert "2 heads" in asked("verify", *place, "--heads", str(noted))


def test_a_cut_tail_is_found_with_heads_and_a_wrong_line_is_refused(tmp_path: Path) -> None:
    sealed(tmp_path / "ledger.sqlite", days=3)
    with Ledger(tmp_path) as ledger:
        ledger.append("tick", T0, {})
        noted = str(ledger.head_line())
    heads = tmp_path / "heads.txt"
    heads.write_text(noted + "\n", encoding="utf-8")
    tamper(tmp_path / "ledger.sqlite", "DELETE FROM entry WHERE sequence = (SELECT max(sequence) FROM entry)")
    place = ("musterstadt", "--data", str(tmp_path))
    assert "whole" in asked("verify", *place), "the chain alone cannot know"
    said = asked("verify", *place, "--heads", str(heads), code=1)
    assert "the chain ends before the noted head" in said
    heads.write_text("not a head\n", encoding="utf-8")
    assert "heads.txt:1" in asked("verify", *place, "--heads", str(heads), code=2)
