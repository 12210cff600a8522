r"""OPTIMISE: what the region should do over the next two days, and what that costs.

::

    drafts -> problem_from -> kinds (Pyomo prototypes) -> matrix -> Optimizer -> read -> Plan
                   \                                                 |-> search, coordination
                    \-> fallback: the last plan carried on, rules    |-> highs (HiGHS alone)
                                                                     |-> steady, uncertainty

The model is stated once, as a Pyomo prototype of one asset a kind. Each prototype is compiled once and
tiled with numpy to all assets of its kind; the next quarter hour changes vectors only. docs/optimisation.md
holds every equation.
"""
