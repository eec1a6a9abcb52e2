"""What Redis remembers for a while: the status of documents and how long their steps take, files that kill their
readers, and a cache.
"""
