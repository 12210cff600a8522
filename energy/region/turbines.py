"""Wind turbines by name: those whose power curve is known."""

import difflib

_NAMES = (
    "AD116/5000|E-101/3050|E-101/3500|E-115/3000|E-115/3200|E-126/4200|E-126/7500|E-126/7580|"
    "E-141/4200|E-53/800|E-70/2000|E-70/2300|E-82/2000|E-82/2300|E-82/2350|E-82/3000|E-92/2350|"
    "E48/800|ENO100/2200|ENO114/3500|ENO126/3500|GE100/2500|GE103/2750|GE120/2500|GE120/2750|"
    "GE130/3200|MM100/2000|MM92/2050|N100/2500|N117/2400|N131/3000|N131/3300|N131/3600|"
    "N90/2500|S104/3400|S114/3200|S114/3400|S122/3000|S122/3200|S126/6150|S152/6330|"
    "SCD168/8000|SWT113/2300|SWT113/3200|SWT120/3600|SWT130/3300|SWT130/3600|SWT142/3150|"
    "V100/1800|V100/1800/GS|V112/3000|V112/3075|V112/3300|V112/3450|V117/3300|V117/3450|"
    "V117/3600|V126/3000|V126/3300|V126/3450|V164/8000|V164/9500|V80/2000|V90/2000|V90/2000/GS|"
    "V90/3000|VS112/2500"
)
TURBINES = frozenset(_NAMES.split("|"))
"""Maker's letters, rotor in m, power in kW: the names of windpowerlib's table of power curves."""


def known_turbine(name: str) -> str:
    """Refuse a turbine without a known curve, and name what is written nearly alike."""
    if name in TURBINES:
        return name
    near = difflib.get_close_matches(name.upper(), sorted(TURBINES), n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}?" if near else "for example V112/3000 or E-101/3050"
    raise ValueError(f"{name} is no turbine with a known power curve; {hint} Leave it out for a usual one")
