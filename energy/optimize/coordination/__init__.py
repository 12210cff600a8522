"""Large plans by price coordination: parts of a region decide for themselves at common prices.

components -> prices -> piece -> crew (in this process, in a pool, or on Dask) -> coordinate
"""
