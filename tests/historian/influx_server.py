"""A real InfluxDB behind a real nginx, on loopback with their own configuration, ended by their id.

Debian's influxdb 1.6 has no /api/v2/write. nginx makes one of it, as 1.8 and later have it themselves: it
asks for the token, and turns ``bucket`` into ``db`` and the precision ``us`` into ``u``.
"""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from energy.historian.influx.settings import InfluxSettings, settings_in

TOKEN = "a-token-for-tests-only"  # noqa: S105 - the secret of a server that lives for one test run
START_S_MAX = 60.0
END_S_MAX = 20.0

INFLUX_CONFIGURATION = """
reporting-enabled = false
bind-address = "127.0.0.1:{rpc_port}"
[meta]
  dir = "{folder}/meta"
  logging-enabled = false
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-row-limit = {rows_max}
[continuous_queries]
  enabled = false
[logging]
  level = "error"
"""

NGINX_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size {body_max};
  map $arg_precision $short {{ default $arg_precision; us u; }}
  server {{
    listen 127.0.0.1:{port};
    set $known 0;
    if ($http_authorization = "Token {token}") {{ set $known 1; }}
    location = /api/v2/write {{
      if ($known = 0) {{
        add_header Content-Type application/json;
        return 401 '{{"code":"unauthorized","message":"unauthorized access"}}';
      }}
      {instead}
      rewrite ^ /write?db=$arg_bucket&precision=$short? break;
      proxy_pass http://127.0.0.1:{influx_port};
    }}
    location = /query {{
      if ($known = 0) {{ return 401 '{{"error":"unauthorized access"}}'; }}
      {instead}
      proxy_pass http://127.0.0.1:{influx_port};
    }}
  }}
}}
"""


def free_port() -> int:
    """Give a port of this machine that is free now."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


class InfluxServer:
    """influxd and nginx; either can be killed and started again, with what influxd stored."""

    def __init__(self, folder: Path, *, rows_max: int = 0, body_max: str = "25m") -> None:
        self._folder = folder
        self._influx_port, self._port = free_port(), free_port()
        self._influxd: subprocess.Popen[bytes] | None = None
        self._nginx: subprocess.Popen[bytes] | None = None
        self._body_max = body_max
        (folder / "influx").mkdir(parents=True)
        (folder / "nginx").mkdir()
        (folder / "influx.conf").write_text(
            INFLUX_CONFIGURATION.format(
                folder=folder / "influx", port=self._influx_port, rpc_port=free_port(), rows_max=rows_max
            )
        )

    def start(self) -> None:
        """Start both and wait until they answer."""
        self.start_influxd()
        self.start_nginx()

    def start_influxd(self) -> None:
        self._influxd = self._spawn(["influxd", "-config", str(self._folder / "influx.conf")])
        self._wait_for(self._influx_port, "/ping")

    def start_nginx(self, instead: str = "", *, influx_port: int | None = None) -> None:
        """Start nginx; ``instead`` is what it does where it would ask influxd."""
        folder = self._folder / "nginx"
        (folder / "nginx.conf").write_text(
            NGINX_CONFIGURATION.format(
                folder=folder,
                port=self._port,
                influx_port=self._influx_port if influx_port is None else influx_port,
                token=TOKEN,
                body_max=self._body_max,
                instead=instead,
            )
        )
        arguments = [
            "nginx",
            "-p",
            str(folder),
            "-e",
            str(folder / "error.log"),
            "-c",
            str(folder / "nginx.conf"),
        ]
        self._nginx = self._spawn(arguments)
        self._wait_for(self._port, "/anything")

    def kill_influxd(self) -> None:
        """End it as a power cut of the machine it runs on would."""
        self._influxd = _ended(self._influxd, signal.SIGKILL)

    def stop_nginx(self) -> None:
        self._nginx = _ended(self._nginx, signal.SIGTERM)

    @contextmanager
    def behaving(self, instead: str = "", *, influx_port: int | None = None) -> Iterator[None]:
        """Let nginx answer in another way for a while."""
        self.stop_nginx()
        try:
            self.start_nginx(instead, influx_port=influx_port)
            yield
        finally:
            self.stop_nginx()
            self.start_nginx()

    def stop(self) -> None:
        """End both."""
        self.stop_nginx()
        self.kill_influxd()

    @property
    def process_id(self) -> int:
        """The id of influxd."""
        assert self._influxd is not None
        return self._influxd.pid

    def database(self, **environment: str) -> InfluxSettings:
        """Make a database of its own, and give the settings that lead to it."""
        name = f"test_{uuid4().hex}"
        connection = http.client.HTTPConnection("127.0.0.1", self._influx_port, timeout=START_S_MAX)
        connection.request("POST", f"/query?q=CREATE+DATABASE+{name}")
        assert connection.getresponse().status == http.client.OK
        connection.close()
        settings = settings_in(self.environment(name) | environment)
        assert settings is not None
        return settings

    def environment(self, bucket: str) -> dict[str, str]:
        """Give the variables that lead to a bucket."""
        return {
            "ENERGIEWAAGE_INFLUX_URL": f"http://127.0.0.1:{self._port}",
            "ENERGIEWAAGE_INFLUX_TOKEN": TOKEN,
            "ENERGIEWAAGE_INFLUX_BUCKET": bucket,
        }

    def _spawn(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "HOME": str(self._folder),
            "PATH": f"{os.environ['PATH']}:/usr/sbin",  # where Debian keeps nginx, for root alone
        }
        with (self._folder / f"{arguments[0]}.log").open("ab") as log:
            return subprocess.Popen(arguments, stdout=log, stderr=log, env=environment)

    def _wait_for(self, port: int, path: str) -> None:
        until_s = time.monotonic() + START_S_MAX
        while time.monotonic() < until_s:
            with suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
                connection.request("GET", path)
                connection.getresponse().read()
                connection.close()
                return
            time.sleep(0.02)
        logs = [path.read_text(errors="replace")[-2000:] for path in self._folder.glob("**/*.log")]
        raise AssertionError(f"no answer on port {port} within {START_S_MAX} s: {logs}")


@contextmanager
def running(folder: Path, *, rows_max: int = 0, body_max: str = "25m") -> Iterator[InfluxServer]:
    """Start a server, and end it whatever happens."""
    server = InfluxServer(folder, rows_max=rows_max, body_max=body_max)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _ended(process: subprocess.Popen[bytes] | None, number: signal.Signals) -> None:
    if process is not None:
        process.send_signal(number)
        try:
            process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
