"""MEASURE and DISPATCH: register maps as data, Modbus as transport, a field of devices behind two ports."""
