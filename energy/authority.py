"""Who decides: how far the controller may act by itself on an asset.

A new region starts in observe. Only an operator's own request passes in every mode above observe, since it
is a person's decision already.
"""

from energy.domain import Authority, Level


def may_send(authority: Authority, level: Level | None) -> bool:
    """Tell whether a decision of this level goes out to the device.

    Under ``observe`` nothing is ever written. Under ``advise`` and ``approve`` the plan is shown and waits
    for a person; protection, the grid operator and an operator's request go out.
    """
    match authority:
        case Authority.OBSERVE:
            return False
        case Authority.ADVISE | Authority.APPROVE:
            return level in {Level.PROTECTION, Level.GRID_OPERATOR, Level.OPERATOR}
        case Authority.AUTOMATIC:
            return True
