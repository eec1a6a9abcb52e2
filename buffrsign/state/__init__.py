"""What Redis remembers for a while: the status of documents, and a cache."""
