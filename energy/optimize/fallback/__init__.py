"""The way down: the last plan carried on, and rules that need no solver."""
