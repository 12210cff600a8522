"""Energiewaage: every few seconds measure the region, every quarter hour decide the next two days.

Data walks one way through rooms named after what happens to it::

    measure ──> record ──> forecast ──> optimise ──> dispatch ──> show
    devices     historian  forecast     optimize     devices      dashboard
                ledger     market       planning     controller

Imports only go down the rows of ``docs/architecture.md``; ``tests/test_architecture.py`` checks it.
Inside: kW, kWh, EUR, EUR/kWh, seconds, aware UTC; positive power draws, negative feeds in.
"""
