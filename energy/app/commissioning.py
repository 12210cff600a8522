"""The point-to-point test of one asset from its first look to its protocol in the ledger.

Whatever happens after the first write, the device is handed back and the protocol is recorded, and only then
anything more is said.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime

from energy.app.commissioning_device import DeviceUnderTest, Row
from energy.app.commissioning_moves import Present, Size
from energy.app.commissioning_proofs import Proofs
from energy.app.commissioning_readings import identity_step, readings_step
from energy.app.commissioning_record import begun_body, with_tests
from energy.app.conversation import Conversation, Interrupted
from energy.commissioning import (
    KIND,
    KIND_BEGUN,
    CommissioningProtocol,
    Step,
    StepName,
    Verdict,
    step_kw_of,
    tolerance_of,
)
from energy.controller.found_limits import FoundLimits
from energy.controller.memory import BilledPeak, recall
from energy.controller.sending import is_local
from energy.devices.field_settings import FieldSettings
from energy.devices.fingerprint import fingerprint
from energy.devices.register_map import RegisterMap
from energy.devices.write_budget import WriteBudget
from energy.devices.write_limits import fallbacks_kw
from energy.domain import Image, Limit, Point, Quality
from energy.errors import EnergiewaageError
from energy.ledger.writer import Ledger
from energy.ports import Clock
from energy.region.model import Asset, Region

READ_ONLY = (StepName.IDENTITY, StepName.READINGS)
WHOLE = (*READ_ONLY, StepName.SIGN, StepName.WATCHDOG, StepName.HAND_BACK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Who tests which asset, and how far the test may go."""

    region: Region
    asset: Asset
    content: RegisterMap
    tester: str
    witness: str
    settings: FieldSettings
    simulated: bool
    readings_only: bool
    start: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The protocol as it stands in the ledger."""

    protocol: CommissioningProtocol
    interrupted: bool


async def commission(
    job: Job, talk: Conversation, ledger: Ledger, clock: Clock, budget: WriteBudget
) -> Result:
    """Make the test.

    Raises:
        DeviceUnreachable: the device does not answer at all; nothing is recorded.
        StoreUnavailable: the protocol cannot be recorded; nothing was written to the device then, or it was
            handed back.
    """
    test = _Test(job, talk, ledger, clock, budget)
    try:
        return await test.run()
    finally:
        await test.device.close()


class _Test:
    """The course of one test; what is known of it at any moment makes its protocol."""

    def __init__(
        self, job: Job, talk: Conversation, ledger: Ledger, clock: Clock, budget: WriteBudget
    ) -> None:
        self.device = DeviceUnderTest(
            job.region, job.asset, job.content, clock=clock, settings=job.settings, budget=budget
        )
        self._job = job
        self._talk = talk
        self._ledger = ledger
        self._clock = clock
        self._steps: list[Step] = []
        self._said = 0
        self._proofs: Proofs | None = None
        self._limit: Limit | None = None
        self._now = StepName.IDENTITY
        self._digest = fingerprint(job.asset, job.content)

    async def run(self) -> Result:
        started_at = self._clock.now()
        texts, rows = await self.device.side_by_side()
        interrupted = False
        try:
            self._begin(StepName.IDENTITY, "which device answers")
            self._steps.append(identity_step(texts, self._talk))
            if self._is_well():
                await self._prove(rows)
        except Interrupted as error:
            interrupted = True
            self._end(Verdict.INCOMPLETE, str(error))
        except EnergiewaageError as error:
            self._end(Verdict.FAILED, str(error))
        except Exception as error:
            self._end(Verdict.FAILED, f"unexpected {type(error).__name__}: {error}")
            raise
        finally:
            try:
                await self._hand_back()
            finally:
                protocol = self._protocol(started_at)
                self._ledger.append(KIND, protocol.ended_at, protocol.body())
            self._say_steps()  # not before: who speaks to a lost terminal may never come back
        return Result(protocol=protocol, interrupted=interrupted)

    async def _prove(self, rows: list[Row]) -> None:
        self._begin(StepName.READINGS, "values side by side with the device's own display")
        self._steps.append(await readings_step(self.device, rows, self._talk))
        if not self._is_well() or self._required() == READ_ONLY or self._job.readings_only:
            return
        self._begin(StepName.SIGN, "the sign, by a small actuation")
        power = next((row for row in rows if row.point is Point.POWER_KW), None)
        image = await self.device.image()
        hindrance = self._hindrance(image)
        present = self._present(image)
        if hindrance is not None or power is None or present is None:
            self._end(Verdict.INCOMPLETE, f"not possible now: {hindrance or 'its power is not known'}")
            return
        nameplate_kw = max(abs(bound) for bound in self._job.asset.power_kw_nameplate)
        tolerance_kw = tolerance_of(nameplate_kw, power.step)
        self._proofs = Proofs(
            self.device,
            self._talk,
            present=present,
            size=Size(step_kw=step_kw_of(nameplate_kw, tolerance_kw), tolerance_kw=tolerance_kw),
            steps_kwh={row.point: row.step for row in rows},
            begin=self._record_begin,
        )
        self._steps.append(await self._proofs.sign(start=self._job.start))
        if self._is_well():
            self._begin(StepName.WATCHDOG, "the watchdog, by silence")
            self._steps.append(await self._proofs.watchdog())

    async def _hand_back(self) -> None:
        if self._proofs is not None:
            self._steps.append(await self._proofs.hand_back())

    def _begin(self, name: StepName, what: str) -> None:
        self._say_steps()
        self._now = name
        self._talk.say(f"{name.value}: {what}")

    def _say_steps(self) -> None:
        """Say what became of the steps that were not said yet."""
        for step in self._steps[self._said :]:
            if step.name is StepName.HAND_BACK:
                self._talk.say(f"{step.name.value}: the device is handed back")
            self._talk.say(f"  {step.verdict.value.upper()}: {step.words[-1] if step.words else step.name}")
        self._said = len(self._steps)

    def _end(self, verdict: Verdict, words: str) -> None:
        self._steps.append(Step(name=self._now, verdict=verdict, words=(words,)))

    def _is_well(self) -> bool:
        return all(step.verdict is Verdict.PASSED for step in self._steps)

    def _required(self) -> tuple[StepName, ...]:
        return READ_ONLY if self._job.asset.dispatch_point is None else WHOLE

    def _hindrance(self, image: Image) -> str | None:
        """Say why nothing may be written now; None where nothing hinders it. Finds limits on the way."""
        asset, age_s_max = self._job.asset, self._job.region.control.reading_age_s_max
        remote = image.readings.get((asset.id, Point.REMOTE))
        if is_local(image, asset.id, age_s_max=age_s_max):
            return "the device is switched to local operation"
        if remote is not None and remote.quality not in {Quality.GOOD, Quality.NOT_IMPLEMENTED}:
            return "whether the device is switched to local operation is not known"
        billed = BilledPeak(period=image.at.year, power_kw=0.0)
        memory = with_tests(recall(self._ledger, billed_peak=billed, power_kw_max=0.0), self._ledger)
        alone = dataclasses.replace(self._job.region, assets=(asset,))
        found = FoundLimits(
            alone,
            limits=memory.limits,
            sent_kw=memory.sent_kw,
            fallback_kw=fallbacks_kw(alone, {asset.device.profile: self._job.content}),
        )
        found.look(image, age_s_max=age_s_max)
        if found.unread:
            return "what stands on the device cannot be read"
        self._limit = next((limit for limit in found.limits if limit.target_id == asset.id), None)
        return None

    def _present(self, image: Image) -> Present | None:
        asset_id, age_s_max = self._job.asset.id, self._job.region.control.reading_age_s_max
        power_kw = image.value(asset_id, Point.POWER_KW, age_s_max=age_s_max)
        if power_kw is None:
            return None
        return Present(
            power_kw=power_kw,
            energy_kwh=image.value(asset_id, Point.ENERGY_KWH, age_s_max=age_s_max),
            volume_m3=image.value(asset_id, Point.VOLUME_M3, age_s_max=age_s_max),
            limit_kw_min=None if self._limit is None else self._limit.power_kw_min,
            limit_kw_max=None if self._limit is None else self._limit.power_kw_max,
        )

    def _record_begin(self, sent_kw: tuple[float, ...]) -> None:
        body = begun_body(self._job.asset.id, self._digest, sent_kw, self._limit)
        self._ledger.append(KIND_BEGUN, self._clock.now(), body)

    def _protocol(self, started_at: datetime) -> CommissioningProtocol:
        job = self._job
        written_kw = () if self._proofs is None else self._proofs.written.setpoints_kw
        limit = self._limit
        kept_kw = () if limit is None else (limit.power_kw_min, limit.power_kw_max)
        return CommissioningProtocol(
            asset_id=job.asset.id,
            kind=job.asset.kind,
            device=self.device.name,
            map_name=job.asset.device.profile,
            fingerprint=self._digest,
            tester=job.tester,
            witness=job.witness,
            simulated=job.simulated,
            started_at=started_at,
            ended_at=self._clock.now(),
            required=self._required(),
            steps=tuple(self._steps),
            sent_kw=tuple(value for value in written_kw if value not in kept_kw),
            latches=job.asset.dispatch_point is not None and self.device.kept_s is None,
        )
