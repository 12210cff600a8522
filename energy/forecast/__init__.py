"""FORECAST: what each asset will probably draw or feed in, with a band, from what was known at the time.

::

    weather ──> physical, profiles ──> prior ───────────────────────────┐
                                         │                              v
    History ──> marks ──> frame ─────────┴──> learned ──> band ──> ladder ──> Forecast ──> judging
                          calendar            ridge,      errors
                          reference           trees       known at the gate

The rungs, named in ``Forecast.model``: ``learned``, ``physical`` or ``profile``, ``seasonal``, ``flat``.
``judging`` tells how good they are, on any CSV and live.
"""
