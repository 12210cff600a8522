"""How much memory a process takes, as the kernel accounts for it."""

from pathlib import Path

KB_PER_MB = 1024.0


def memory_mb(name: str) -> float:
    """Read a line of the account (VmRSS now, VmHWM at most); a peak counts from the start of the program."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name)) / KB_PER_MB
