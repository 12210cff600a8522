"""Holding on to the plan before where nothing is lost by it."""
