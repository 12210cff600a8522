"""Discovery: what a SunSpec device says of itself becomes a register map.

    walk (registers of every model) -> device (points with their values) -> draft (one of our points from
    one of theirs) -> measured, commanded (which points there are) -> finding (the map, what to know of it)
    -> proof (the map's own reads, tried on the device) -> yaml_text

``definitions`` holds what SunSpec says of its models, as pysunspec2 ships it; nothing else knows the library.
"""
