"""What an asset usually does before anything of it was measured: shapes of a year, per unit of energy."""
