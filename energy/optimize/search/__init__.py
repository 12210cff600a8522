"""Whole-number decisions: which machines run when, which way a store goes."""
