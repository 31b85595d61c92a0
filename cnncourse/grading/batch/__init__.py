"""Many submissions: one task each, here or on a cluster, with a journal that survives a killed run."""
