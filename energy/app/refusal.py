"""How a wrong option of the command line is refused."""

from energy.errors import BadInput, Fault


def bad_option(option: str, value: object, limit: str, mend: str) -> BadInput:
    """Make the error of one option."""
    return BadInput(
        [Fault(file="command line", line=None, place=option, value=value, limit=limit, mend=mend)]
    )
