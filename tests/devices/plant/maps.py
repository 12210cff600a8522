"""Register maps for tests, of products that nobody sells."""

HEAD = """
schema_version: energiewaage.register_map/1
product: {product}
manufacturer: none (test)
source: Made up for tests.
generic: true
byte_order: big
word_order: little
"""

SG_READY = (
    HEAD.format(product="Heat pump with an SG-ready input")
    + """
max_gap_registers: 4
points:
  - {name: power_kw, table: input, address: 10, type: uint32, unit: W, sign: as_ours, access: read,
     plausible: {min: 0, max: 10000}}
  - {name: heat_kw, table: input, address: 12, type: int32, unit: W, sign: inverted, access: read,
     plausible: {min: -10000, max: 0}}
  - {name: running_s, table: input, address: 14, type: uint32, unit: s, sign: as_ours, access: read,
     plausible: {min: 0, max: 1000000000}}
  - {name: standing_s, table: input, address: 16, type: uint32, unit: s, sign: as_ours, access: read,
     plausible: {min: 0, max: 1000000000}}
  - {name: temperature_c, table: holding, address: 20, type: int16, scale: 0.1, unit: degC, sign: as_ours,
     access: read, plausible: {min: -60, max: 60}}
  - {name: remote, table: discrete, address: 3, type: bool, unit: '1', sign: as_ours, access: read,
     plausible: {min: 0, max: 1}, values: {1: remote, 0: local}}
  - name: power_kw_setpoint
    table: coil
    address: 5
    type: bool
    scale: 800
    unit: kW
    sign: as_ours
    access: read_write
    plausible: {min: 0, max: 800}
    write:
      safe_value_kw: own_control
      readback: {tolerance_kw: 400}
      watchdog_s: 300
      watchdog_fed_by: write
      reversion_s: none
      storage: ram
      write_budget_per_day: unlimited
      min_step_kw: 1
      enabling:
        - {name: SgReadyEnable, register: {table: coil, address: 6, type: bool, unit: '1', sign: as_ours},
           value: 1}
"""
)

TWO_LIMITS = (
    HEAD.format(product="Battery with a limit for each direction")
    + """
heartbeat:
  written: {table: holding, address: 90, type: uint16, unit: '1', sign: as_ours}
  shown: {table: input, address: 90, type: uint16, unit: '1', sign: as_ours}
  frozen_s: 60
identity:
  - {name: manufacturer, table: holding, address: 100, length: 8, expected: Testwerk}
points:
  - {name: power_kw, table: input, address: 0, type: float32, unit: kW, sign: inverted, access: read,
     plausible: {min: -10000, max: 10000}}
  - {name: energy_kwh, table: input, address: 2, type: uint16, scale: 0.1, unit: '%',
     reference: nameplate, sign: as_ours, access: read, plausible: {min: 0, max: 10000}}
  - {name: operating_state, table: input, address: 3, type: uint16, bits: {first: 4, count: 4}, unit: '1',
     sign: as_ours, access: read, plausible: {min: 0, max: 15}, values: {1: standby, 2: 'on'}}
  - {name: fault_flags, table: input, address: 3, type: uint16, bits: {first: 0, count: 4}, unit: '1',
     sign: as_ours, access: read, plausible: {min: 0, max: 15}}
  - name: power_kw_setpoint
    table: holding
    address: 10
    type: int32
    unit: W
    sign: inverted
    access: read_write
    plausible: {min: -1000, max: 1000}
    write:
      safe_value_kw: 0
      readback:
        tolerance_kw: 1
        register: {table: input, address: 20, type: int32, unit: W, sign: inverted,
                   plausible: {min: -1000, max: 1000}}
      watchdog_s: 180
      watchdog_fed_by: write
      reversion_s: none
      storage: ram
      write_budget_per_day: unlimited
      min_step_kw: 1
      arming:
        - {name: Mirror, value: setpoint,
           register: {table: holding, address: 12, type: int16, unit: kW, sign: inverted}}
"""
)
