"""A controller that is killed at random moments, with and without a power cut: nothing recorded is lost."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.lives import House, house_of

SEED = 20_261_128
KILL_AFTER_S_MAX = 0.5
CUT_AFTER_S = (1.0, 2.2)
"""Longer than what a power cut may take, so that the bound means something."""


def lives(place: Path, seed: int, *, kills: int, power_cut: bool) -> House:
    """Let a data folder live through so many deaths."""
    house = house_of(place, seed, power_cut=power_cut)
    for _ in range(kills):
        seconds = house.dice.uniform(*CUT_AFTER_S) if power_cut else house.dice.uniform(0.0, KILL_AFTER_S_MAX)
        house.live(seconds)
    house.judge_requests()
    return house


def tell(capsys: pytest.CaptureFixture[str], seed: int, houses: list[House]) -> None:
    """Print the seed and what was lived through."""
    entries = sum(len(house.acknowledged) for house in houses)
    images, lost = sum(house.images for house in houses), sum(house.lost for house in houses)
    sealed, removed = sum(house.sealed for house in houses), sum(house.removed for house in houses)
    with capsys.disabled():
        print(f"\nseed {seed}: {entries} entries acknowledged, all there; {images} images, {lost} lost")
        print(f"{sealed} segments sealed and {removed} removed on the way")


def test_a_killed_controller_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house = lives(tmp_path, SEED, kills=5, power_cut=False)
    tell(capsys, SEED, [house])
    assert house.lost == 0


def test_a_power_cut_takes_no_entry_and_at_most_the_last_second_of_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(capsys, SEED, [lives(tmp_path, SEED, kills=3, power_cut=True)])


@pytest.mark.long
def test_two_hundred_kills_of_which_fifty_are_power_cuts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    with capsys.disabled():
        print(f"\nseed {seed}")
    plans = [(50, False), (25, True), (50, False), (25, True), (50, False)]
    with ThreadPoolExecutor(2) as pool:
        running = []
        for number, (kills, power_cut) in enumerate(plans):
            place = tmp_path / str(number)
            place.mkdir()
            running.append(pool.submit(lives, place, seed + number, kills=kills, power_cut=power_cut))
        tell(capsys, seed, [job.result() for job in running])
