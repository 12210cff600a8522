"""The other families of SunSpec models, scanned and commanded over the wire: 123, 124, 704 with 715."""

from datetime import timedelta
from pathlib import Path

import pytest

from energy.devices.scan.finding import Role
from energy.domain import Applied, Point, Quality, Rejected
from tests.devices.servers.sunspec_image import OldTimer, Pulse, ReversionTimer, made_of
from tests.devices.servers.sunspec_site import REVERSION_S, site_of

OLD_INVERTER = (
    {"ID": 103, "W": 8000, "W_SF": 0, "WH": 12345, "WH_SF": 1, "St": 4, "Evt1": 0},
    {"ID": 120, "DERTyp": 4, "WRtg": 10, "WRtg_SF": 3, "WHRtg": 1000, "WHRtg_SF": 1},
    {
        "ID": 123,
        "WMaxLimPct": 10000,
        "WMaxLimPct_SF": -2,
        "WMaxLimPct_RvrtTms": 0,
        "WMaxLimPct_WinTms": 5,
        "WMaxLim_Ena": 0,
    },
)
OLD_BATTERY = (
    {"ID": 103, "W": 0, "W_SF": 0, "WH": 12345, "WH_SF": 1, "St": 4, "Evt1": 0},
    OLD_INVERTER[1],
    {
        "ID": 124,
        "WChaMax": 5000,
        "WChaMax_SF": 0,
        "StorCtl_Mod": 0,
        "ChaState": 5500,
        "ChaState_SF": -2,
        "OutWRte": 10000,
        "InWRte": 10000,
        "InOutWRte_SF": -2,
        "InOutWRte_RvrtTms": 0,
    },
)
NEW_BATTERY = (
    {"ID": 701, "W": -3000, "W_SF": 0, "InvSt": 3, "Alrm": 0, "TotWhInj": 15, "TotWhAbs": 8, "TotWh_SF": 3},
    {"ID": 702, "WMax": 5000, "W_SF": 0},
    {
        "ID": 704,
        "WSetEna": 0,
        "WSetMod": 0,
        "WSet": 0,
        "WSet_SF": 0,
        "WSetRvrt": 100,
        "WSetEnaRvrt": 0,
        "WSetRvrtTms": 0,
        "WSetRvrtRem": 0,
    },
    {"ID": 713, "WHRtg": 1000, "WHAvail": 550, "SoC": 550, "WH_SF": 1, "Pct_SF": -1},
    {"ID": 715, "LocRemCtl": 0, "DERHb": 17, "ControllerHb": 4},
)


async def test_the_old_family_is_curtailed_with_its_timer_first_and_set_free_when_it_ends(
    tmp_path: Path,
) -> None:
    async with site_of(made_of(*OLD_INVERTER), tmp_path / "town") as site:
        site.registers.works.append(OldTimer(now_s=site.now_s))
        await site.read()
        _, outcome = await site.tick(-6.0)
        assert isinstance(outcome, Applied), outcome
        assert site.written() == [
            ("123.WMaxLimPct_WinTms", (0,)),
            ("123.WMaxLimPct_RvrtTms", (180,)),
            ("123.WMaxLimPct", (6000,)),
            ("123.WMaxLim_Ena", (1,)),
        ]
        for _ in range(80):
            _, outcome = await site.tick(-6.0)
            assert isinstance(outcome, Applied), outcome
        assert site.registers.number("123.WMaxLim_Ena") == 1, "renewed for 400 s"
        site.at += timedelta(seconds=REVERSION_S)
        await site.read()
        assert site.registers.number("123.WMaxLim_Ena") == 0


@pytest.mark.parametrize(
    ("power_kw", "draws", "feeds"), [(3.0, 6000, -6000), (-2.0, -4000, 4000), (0.0, 0, 0)]
)
async def test_a_battery_behind_model_124_is_held_between_two_bounds_that_meet(
    tmp_path: Path, power_kw: float, draws: int, feeds: int
) -> None:
    bare = made_of(*OLD_BATTERY)
    async with site_of(bare, tmp_path / "town", asset_id="battery", role=Role.BATTERY) as site:
        readings = await site.read()
        assert readings[Point.ENERGY_KWH].value == pytest.approx(5.5)
        _, outcome = await site.tick(power_kw)
        assert isinstance(outcome, Applied), outcome
        assert outcome.read_back_kw == pytest.approx(power_kw)
        assert site.written() == [
            ("124.InOutWRte_RvrtTms", (180,)),
            ("124.OutWRte", (feeds & 0xFFFF,)),
            ("124.InWRte", (draws & 0xFFFF,)),
            ("124.StorCtl_Mod", (3,)),
        ]


async def test_the_new_family_is_set_in_watts_with_heartbeat_and_falls_back_to_rest(tmp_path: Path) -> None:
    async with site_of(made_of(*NEW_BATTERY), tmp_path / "town", asset_id="battery") as site:
        timer = ReversionTimer(now_s=site.now_s, function="WSet", registers=2)
        site.registers.works += [timer, Pulse(now_s=site.now_s)]
        readings = await site.read()
        assert readings[Point.POWER_KW].value == pytest.approx(3.0)
        assert readings[Point.ENERGY_KWH].value == pytest.approx(5.5)
        assert readings[Point.REMOTE].value == 1.0
        _, outcome = await site.tick(-2.5)
        assert isinstance(outcome, Applied), outcome
        told = dict(site.written())
        assert list(told) == [
            "715.ControllerHb",
            "704.WSetRvrt",
            "704.WSetEnaRvrt",
            "704.WSetRvrtTms",
            "704.WSetMod",
            "704.WSet",
            "704.WSetEna",
        ]
        assert told["704.WSet"] == (0, 2500), "discharging counts positive"
        assert told["704.WSetRvrt"] == (0, 0)
        assert told["704.WSetMod"] == (1,)
        site.at += timedelta(seconds=REVERSION_S)
        readings = await site.read()
        assert readings[Point.POWER_KW_SETPOINT].value == pytest.approx(0.0)


async def test_a_device_switched_to_local_operation_is_told_nothing(tmp_path: Path) -> None:
    async with site_of(made_of(*NEW_BATTERY), tmp_path / "town", asset_id="battery") as site:
        site.registers.works.append(Pulse(now_s=site.now_s))
        site.registers.put("715.LocRemCtl", 1)
        readings, outcome = await site.tick(-2.5)
        assert readings[Point.REMOTE].value == 0.0
        assert isinstance(outcome, Rejected), outcome
        assert site.written() == []


async def test_a_device_whose_heartbeat_stands_still_is_not_believed(tmp_path: Path) -> None:
    async with site_of(made_of(*NEW_BATTERY), tmp_path / "town", asset_id="battery") as site:
        qualities = [(await site.read())[Point.POWER_KW].quality for _ in range(8)]
        assert qualities[0] is Quality.GOOD
        assert qualities[-1] is Quality.STALE
