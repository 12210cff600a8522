"""What leaves the record and what enters it: open formats, histories, values for the public."""
