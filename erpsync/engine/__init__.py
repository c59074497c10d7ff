"""How work is carried: intake, claims, verdicts, sweeps. Knows no order, SKU or vendor."""
