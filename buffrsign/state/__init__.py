"""What Redis remembers for a while: the status of documents, which files kill their readers, and a cache."""
