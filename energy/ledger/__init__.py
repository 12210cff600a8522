"""Who decided what and why: one chain of entries, each of which carries the hash of all before it.

Data walks through::

    chain -> active_file (writer) -> reader
"""
