"""The one room that talks to HiGHS."""
