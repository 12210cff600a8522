"""The region's matrix: a kind's Pyomo prototype compiled once, tiled to all its assets."""
