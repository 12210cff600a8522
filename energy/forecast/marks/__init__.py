"""Data that lies: what was recorded of a series and cannot be true, found in what was known so far."""
