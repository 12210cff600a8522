"""What tests of the record share: one real InfluxDB server for all of them, a database for each."""

from collections.abc import Iterator

import pytest

from tests.historian.influx_server import InfluxServer, running


@pytest.fixture(scope="session")
def influx_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    """A server that every test must leave as it was: running, with nginx in front."""
    with running(tmp_path_factory.mktemp("influx")) as server:
        yield server
