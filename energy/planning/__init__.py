"""FORECAST and OPTIMISE together: one child process, started and polled, never waited for."""
