"""Turns feeders and municipalities into the API's answers."""

from dashboard.answers import alarm_answer
from dashboard.picture import Picture
from dashboard.schema import (
    FeederAnswer,
    FeedersAnswer,
    MunicipalitiesAnswer,
    MunicipalityPowerAnswer,
    NameAnswer,
)
from energy.region.asset import Name


def feeders_answer(picture: Picture) -> FeedersAnswer:
    """Describe all feeders."""
    return FeedersAnswer(
        at=picture.status.at if picture.status else None,
        presence=picture.presence,
        feeders=[
            FeederAnswer(
                id=row.feeder_id,
                name=_name(row.name),
                power_kw=row.power_kw,
                power_kw_max=row.power_kw_max,
                load_fraction=row.load_fraction,
                alarms=[alarm_answer(alarm) for alarm in row.alarms],
                alarms_behind=row.alarms_behind,
            )
            for row in picture.feeders
        ],
    )


def municipalities_answer(picture: Picture) -> MunicipalitiesAnswer:
    """Describe all municipalities."""
    return MunicipalitiesAnswer(
        at=picture.status.at if picture.status else None,
        presence=picture.presence,
        municipalities=[
            MunicipalityPowerAnswer(
                id=row.municipality.id,
                name=_name(row.municipality.name),
                consumption_kw=row.consumption_kw,
                generation_kw=row.generation_kw,
                own_fraction=row.own_fraction,
                missing=list(row.missing),
            )
            for row in picture.municipalities
        ],
    )


def _name(name: Name) -> NameAnswer:
    return NameAnswer(de=name.de, en=name.en)
