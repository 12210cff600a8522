"""The last plan carried on: what is left of it from a later period on."""

from dataclasses import replace
from datetime import datetime

from energy.domain import AssetPlan, Binding, Plan, Rung
from energy.errors import NoPlan
from energy.periods import format_utc, period_start, periods_between


def shift_plan(plan: Plan, to_start: datetime) -> Plan:
    """Drop the periods before ``to_start`` and keep the rest.

    ``objective_eur`` and ``breaches`` stay those of the plan as issued.

    Raises:
        NoPlan: the plan does not reach that far, or starts later.
    """
    gone = periods_between(plan.start, period_start(to_start))
    if not 0 <= gone < plan.periods:
        raise NoPlan(
            f"plan {plan.plan_id} covers {plan.periods} periods from {format_utc(plan.start)}, "
            f"not {format_utc(to_start)}"
        )
    assets = {
        asset_id: AssetPlan(
            power_kw=asset.power_kw[gone:],
            states={name: values[gone:] for name, values in asset.states.items()},
        )
        for asset_id, asset in plan.assets.items()
    }
    kept = [_shifted(binding, gone) for binding in plan.binding]
    return replace(
        plan,
        start=period_start(to_start),
        rung=Rung.SHIFTED,
        status="shifted",
        assets=assets,
        marginal_price_eur_per_kwh={
            name: values[gone:] for name, values in plan.marginal_price_eur_per_kwh.items()
        },
        binding=tuple(binding for binding in kept if binding.periods),
    )


def _shifted(binding: Binding, gone: int) -> Binding:
    past = sum(index < gone for index in binding.periods)
    return replace(
        binding,
        periods=tuple(index - gone for index in binding.periods[past:]),
        worth_eur=binding.worth_eur[past:],
    )
