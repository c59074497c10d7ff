"""What the product asks of remote systems and of its surroundings: Protocols and frozen records, no behaviour."""
