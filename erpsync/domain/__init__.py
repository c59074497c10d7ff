"""What a sync is about, in the trade's words. Pure: no clock, no randomness, no network, no logging."""
