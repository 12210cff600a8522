"""Prices in, as they were known at a moment."""
