"""Who decided what and why: one chain of entries, each of which carries the hash of all before it.

Data walks through::

    chain -> active_file -> sealing -> segment -> (retention ends it)
             writer         upkeep     segment_index -> reader, verification

``ledger.sqlite`` grows; what is older than a day lies in ``ledger/`` as read-only files; readers see one
chain.
"""
