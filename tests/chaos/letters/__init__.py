"""Letters while workers are killed: who got how many, and whether record and audit say what really happened."""
