"""The console: what the ledger holds and what needs a person, as plain pages without scripts."""
