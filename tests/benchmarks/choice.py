"""What a person may choose on the command line about a measurement."""

from dataclasses import dataclass

from tests.benchmarks.region_family import SEED, SIZES


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The seed of the data, and the sizes of region to measure; None leaves them to the group."""

    seed: int = SEED
    sizes: tuple[str, ...] | None = None


def choice_of(arguments: list[str]) -> Choice:
    """Read ``--seed N`` and ``--sizes S,M``.

    Raises:
        ValueError: with what may stand there.
    """
    choice = {"--seed": str(SEED), "--sizes": ""}
    if len(arguments) % 2 or not set(arguments[::2]) <= set(choice):
        raise ValueError("after the group may stand: --seed N, --sizes S,M,L")
    choice |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    sizes = tuple(filter(None, choice["--sizes"].split(",")))
    if not choice["--seed"].isdecimal() or not set(sizes) <= set(SIZES):
        raise ValueError(f"--seed takes a whole number, --sizes some of {','.join(SIZES)}")
    return Choice(seed=int(choice["--seed"]), sizes=sizes or None)
