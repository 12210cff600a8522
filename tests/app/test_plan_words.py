"""What a plan from files says of itself in words."""

import subprocess
import sys

import numpy as np
import pytest

from energy.app.plan_words import plan_in_words, shown_eur


def result(**parts):
    return {
        "status": "optimal",
        "objective_parts_eur": parts,
        "wishes_eur": sum(eur for name, eur in parts.items() if name.startswith("wish_")),
        "gap": 0.0,
        "breaches": [],
        "notes": [],
    }


def test_what_is_printed_adds_up():
    draws = np.random.default_rng(7).uniform(-2000.0, 2000.0, size=(200, 4))
    for drawn in draws:
        parts = dict(zip(("energy_import", "wear", "breach", "terminal"), drawn.tolist(), strict=True))
        shown = shown_eur(result(**parts))
        assert round(100.0 * sum(shown.values())) == round(100.0 * sum(parts.values()))
        assert all(abs(shown.get(name, 0.0) - eur) < 0.01 for name, eur in parts.items())


def test_what_is_billed_and_what_is_wished_stand_apart():
    words = list(plan_in_words(result(energy_import=100.0, terminal=10.0, wish_co2=5.0)))
    assert words[0] == "optimal: 115.00 EUR"
    assert any(line.startswith("of it 100.00 EUR are billed (energy_import);") for line in words)
    assert "of it 5.00 EUR are the region's own weights (wish_...)" in words


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_command_refuses_it_before_anything_runs(command, tmp_path):
    options = ["--data", str(tmp_path)] if command == "run" else ["--series", "x.csv", "--out", "x.json"]
    words = [sys.executable, "-m", "energy", command, "musterstadt", *options, "--scheduler", "127.0.0.1"]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "command line: --scheduler: '127.0.0.1' is wrong" in ended.stderr
