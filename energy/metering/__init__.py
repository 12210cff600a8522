"""Meters against each other: what each says, which hypothesis explains a balance that does not close."""
