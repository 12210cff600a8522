"""A copy of the record that is whole, made while everything runs, and the way back from it."""
