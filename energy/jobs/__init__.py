"""Long questions answered beside the control loop: one at a time, in a child that may die without harm."""
