"""What a plan pays for what it should not do: the prices that rank one wish above another."""

BREACH_EUR_PER_KWH = 200.0
"""Price of power beyond a limit: above every wish that the region schema can price (unserved: at most 100
EUR/kWh, market: at most 10 EUR/kWh), so that a limit is broken only where physics leaves no other way."""

WAY_BACK_EUR_PER_KWH_H = 1.0
"""Price of stored energy outside its band, per kWh and hour: a measured breach of the band is brought back
soon, yet never against a grid limit (one kWh outside for the whole horizon costs 48 EUR, less than one kWh
beyond a limit)."""

UNSERVED_HEAT_EUR_PER_KWH = 10.0
"""Price of heat that is not delivered: above any heat that electricity can make at the highest price that is
accepted (10 EUR/kWh), below a grid limit."""

UNSERVED_WATER_EUR_PER_KWH = 100.0
"""Price of water that is not delivered, by the energy that pumps it: the fire-water reserve (48 EUR for a kWh
over a horizon of two days) goes first, a grid limit does not."""

SURPLUS_EUR_PER_KWH = 1.0
"""Price of heat or hydrogen made without any use. No plant here has a cooler or a flare: a machine whose
store is full switches off. So this is more than power made along with it can earn at usual prices (below 0.5
EUR/kWh), and less than leaving anybody unserved."""
