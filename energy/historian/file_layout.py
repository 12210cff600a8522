"""What telemetry.sqlite is: its schema, its version, and how older files become it."""

from energy.historian.schema import CONDUCT, DECISIONS, JUDGING, TELEMETRY, WEATHER_AND_METRICS
from energy.historian.upgrade_to_3 import to_version_3
from energy.sqlite_file import Layout

LAYOUT = Layout(
    application_id=0x45575445,
    version=4,
    schema="\n\n".join(
        part.strip() for part in (DECISIONS, CONDUCT, WEATHER_AND_METRICS, JUDGING, TELEMETRY)
    ),
    synchronous="NORMAL",
    erases=True,
    upgrades={1: CONDUCT, 2: to_version_3, 3: JUDGING},
)
