"""Shipped, so that third-party adapters are held to the same contract: a clock, fakes and barriers."""
