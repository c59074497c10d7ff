"""The limit of each connection: one place where all workers take slots and tokens, in Redis, and a stricter one in each
process for as long as Redis is gone. `ports.limits` is what adapters see of it."""
