"""What is measured over files and labels that lie outside the repository."""
