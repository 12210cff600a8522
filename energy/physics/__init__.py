"""How each kind of asset behaves over a step: pure functions from state to state, no I/O, no clock.

Every step follows its trajectory exactly (ramps, bounds and departures inside the step included), so that
two half steps end where one whole step ends. Sign: positive draws, negative feeds in.
"""
