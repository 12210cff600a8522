"""The simulated field: one Modbus/TCP server an asset, made from the register maps that the driver reads.

Nature (history, finer) moves the world, physics says how, devices show it in registers, control grants time.
"""
