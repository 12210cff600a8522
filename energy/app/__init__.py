"""Composition roots: each process of the house is put together here, from constructors only."""
