"""What control is worth: the same weeks without control, by rules, by us, and with perfect foresight."""
