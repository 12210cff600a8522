"""The loop: ``decide`` is pure, ``tick`` reads, records, plans, gates and applies through ports."""
