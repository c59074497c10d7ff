"""One folder per remote system, all of the same inner shape. They do not know one another."""
