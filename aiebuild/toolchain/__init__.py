"""External tools: finding and identifying them, and the only module that runs them (`process`)."""
