"""What a sync means, in domain words: one module a flow, read straight down."""
