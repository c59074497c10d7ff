"""What is known and what is to be done, in PostgreSQL. The invariants are constraints; see `tables`."""
