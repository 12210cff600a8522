"""FORECAST and OPTIMISE together: one child process, started and polled by the controller, never waited for."""
