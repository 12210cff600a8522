"""FORECAST: what each asset will probably draw or feed in, with a band, from what was known at the time.

::

    History ──> frame ──────> features ──> model ───> band ──> Forecast
                calendar      known at     ridge,     held-back
                reference     the gate     trees      errors

The rungs, named in ``Forecast.model``: ``learned``, ``seasonal``, ``flat``. ``backtest`` judges them on any
CSV.
"""
