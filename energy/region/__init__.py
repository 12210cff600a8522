"""What a region is: its assets by kind, its grid, its prices' rules. Data only, checked once."""
