"""InfluxDB as a further store of telemetry: every sample goes there, in order, and no decision waits for it.

::

    readings --> line_protocol --> spool (spool.sqlite) --> deliverer --> /api/v2/write
                                                               |
                                     finished quarter hours <--+--> /query --> telemetry --> whoever asks
"""
