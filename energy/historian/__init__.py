"""RECORD: what was measured, what became of setpoints, what was forecast and planned.

::

    readings ------> samples --> quarter-hour means, register readings at the boundaries      telemetry
    outcomes, plans with forecasts, published prices, status ------------------------->       decisions

Telemetry and decisions are separate pairs of writing and reading classes over one file, so that a region
which outgrows SQLite can take its telemetry elsewhere while the decisions stay.
"""
