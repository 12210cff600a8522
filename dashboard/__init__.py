"""SHOW: what the region does, in words and magnitudes, for people and for programs.

A process of its own: it reads the record and the ledger and changes nothing. Data walks through::

    record ──> picture (presence, balance, networks, places, assets, plan) ──> pages, stream, api
           └─> charts (means, forecasts, plan, prices)   ──> page's charts, api

The picture and the charts are pure; `rendering` and `language` put them into words.
"""
