"""Which plan was in force at a moment, as it stands in the record: a restart, and a replay, find the same."""

from datetime import datetime, timedelta

from energy.domain import Plan, Rung
from energy.ports import PlanSource
from energy.region.model import Region


class PlansInForce:
    """Answers for recorded plans that were the optimiser's."""

    def __init__(self, region: Region, plans: PlanSource) -> None:
        self._region = region
        self._plans = plans

    def plan_in_force(self, moment: datetime) -> Plan | None:
        """Give the plan in force; rules only say what is measured now, so an older plan counts more.

        Raises:
            StoreUnavailable: the plans cannot be read.
            RecordBroken: a plan cannot be understood.
        """
        oldest = moment - timedelta(seconds=self._region.control.plan_age_s_max)
        plan = self._plans.plan_at(moment)
        while plan is not None and plan.rung is Rung.RULES:
            before = plan.issued_at - timedelta(microseconds=1)
            plan = self._plans.plan_at(before) if before >= oldest else None
        return plan if plan is not None and plan.issued_at >= oldest else None
