"""The server is named by the environment, and its token is shown nowhere."""

from pathlib import Path

import pytest

from energy.errors import BadInput
from energy.historian.influx.settings import settings_in

SECRET = "very-secret-token"  # noqa: S105 - nobody's
GIVEN = {
    "ENERGIEWAAGE_INFLUX_URL": "https://influx.example:8086",
    "ENERGIEWAAGE_INFLUX_TOKEN": SECRET,
    "ENERGIEWAAGE_INFLUX_BUCKET": "telemetry",
}


def test_no_server_is_named_by_default() -> None:
    assert settings_in({"PATH": "/bin"}) is None


def test_a_bucket_may_name_database_and_retention_policy() -> None:
    settings = settings_in(GIVEN | {"ENERGIEWAAGE_INFLUX_BUCKET": "telemetry/two_years"})
    assert settings is not None
    assert (settings.database, settings.retention_policy) == ("telemetry", "two_years")
    plain = settings_in(GIVEN)
    assert plain is not None
    assert (plain.database, plain.retention_policy) == ("telemetry", None)


def test_the_token_does_not_show() -> None:
    settings = settings_in(GIVEN)
    assert settings is not None
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert settings.reason(f"token {SECRET}\n is wrong") == "token (token) is wrong"
    with pytest.raises(BadInput) as told:
        settings_in(
            GIVEN | {"ENERGIEWAAGE_INFLUX_TOKEN": f"{SECRET}\n", "ENERGIEWAAGE_INFLUX_SPOOL_MB": "-1"}
        )
    assert SECRET not in str(told.value)
    assert {fault.place for fault in told.value.faults} == {
        "ENERGIEWAAGE_INFLUX_TOKEN",
        "ENERGIEWAAGE_INFLUX_SPOOL_MB",
    }


@pytest.mark.parametrize("missing", ["ENERGIEWAAGE_INFLUX_TOKEN", "ENERGIEWAAGE_INFLUX_BUCKET"])
def test_what_is_missing_is_named(missing: str) -> None:
    given = {name: value for name, value in GIVEN.items() if name != missing}
    with pytest.raises(BadInput, match=missing):
        settings_in(given)


def test_all_faults_are_named_at_once_in_words_for_people() -> None:
    url = "http://influx.example:8086"
    with pytest.raises(BadInput) as told:
        settings_in({"ENERGIEWAAGE_INFLUX_URL": url, "ENERGIEWAAGE_INFLUX_SPOOL_MB": "much"})
    faults = {fault.place.removeprefix("ENERGIEWAAGE_INFLUX_"): fault for fault in told.value.faults}
    assert set(faults) == {"URL", "TOKEN", "BUCKET", "SPOOL_MB"}
    assert (faults["URL"].value, faults["SPOOL_MB"].value) == (url, "much")
    assert "not set" in faults["TOKEN"].limit
    assert "whole number" in faults["SPOOL_MB"].limit
    assert "Field required" not in str(told.value)
    with pytest.raises(BadInput) as told:
        settings_in(GIVEN | {"ENERGIEWAAGE_INFLUX_URL": f"https://user:{SECRET}@influx.example"})
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    "url",
    ["influx.example", "ftp://influx.example", "https://user:word@influx.example", "https://a.example/?q=1"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="ENERGIEWAAGE_INFLUX_URL"):
        settings_in(GIVEN | {"ENERGIEWAAGE_INFLUX_URL": url})


def test_without_encryption_the_token_stays_on_this_machine_unless_a_host_is_allowed() -> None:
    for here in ("http://127.0.0.1:8086", "http://localhost:8086", "http://[::1]:8086"):
        assert settings_in(GIVEN | {"ENERGIEWAAGE_INFLUX_URL": here}) is not None
    open_line = GIVEN | {"ENERGIEWAAGE_INFLUX_URL": "http://influx.example:8086"}
    with pytest.raises(BadInput, match="openly"):
        settings_in(open_line)
    assert (
        settings_in(open_line | {"ENERGIEWAAGE_INFLUX_HTTP_HOSTS": "a.example, influx.example"}) is not None
    )


def test_a_certificate_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="ENERGIEWAAGE_INFLUX_CA_FILE"):
        settings_in(GIVEN | {"ENERGIEWAAGE_INFLUX_CA_FILE": str(tmp_path / "no.pem")})
