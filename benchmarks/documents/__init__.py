"""What reading documents costs."""
