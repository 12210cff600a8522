"""One optimisation from files, without devices and without a record."""
