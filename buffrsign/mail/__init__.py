"""Floor 2: letters, how they are handed to a mail server, and the record that keeps each from being sent twice."""
