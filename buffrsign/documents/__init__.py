"""What can be told about a PDF: pure functions, bytes in and a frozen value out, so that each can run in a child."""
