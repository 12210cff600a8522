"""From checked inputs to the items that a problem is made of."""
