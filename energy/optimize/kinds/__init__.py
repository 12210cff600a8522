"""How each kind of asset behaves, each stated once as a Pyomo prototype of one asset."""
