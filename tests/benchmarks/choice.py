"""What a person may choose on the command line about a measurement."""

from dataclasses import dataclass

from tests.benchmarks.region_family import SEED, SIZES


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The seed of the data, and the sizes of region to measure."""

    seed: int = SEED
    sizes: tuple[str, ...] = tuple(SIZES)


def choice_of(arguments: list[str]) -> Choice:
    """Read ``--seed N`` and ``--sizes S,M``.

    Raises:
        ValueError: with what may stand there.
    """
    choice = {"--seed": str(SEED), "--sizes": ",".join(SIZES)}
    if len(arguments) % 2 or not set(arguments[::2]) <= set(choice):
        raise ValueError("after the group may stand: --seed N, --sizes S,M,L")
    choice |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    sizes = tuple(choice["--sizes"].split(","))
    if not choice["--seed"].isdecimal() or not set(sizes) <= set(SIZES):
        raise ValueError(f"--seed takes a whole number, --sizes some of {','.join(SIZES)}")
    return Choice(seed=int(choice["--seed"]), sizes=sizes)
